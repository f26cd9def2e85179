// Machines whose clocks are wrong: processes that begin under libfaketime, where it is installed.
#include <spawn.h>
#include <sys/wait.h>

#include <array>
#include <cstdlib>

#include "support/store_fixture.h"

namespace godwit {
namespace {

constexpr const char* kLibrary = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
/// Where the process finds its lab, and what it writes.
constexpr const char* kLab = "GODWIT_TEST_LAB";
constexpr const char* kBody = "GODWIT_TEST_BODY";

bool can_fake() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return false;  // what is preloaded comes before the sanitizer's runtime
#else
  return fs::exists(kLibrary);
#endif
}

class WrongClock : public StoreTest {
 protected:
  void use(const fs::path& lab) {
    fs::remove_all(root_);
    root_ = lab;
    config_.data_dir = path("data");
    config_.primary.url = "file://" + path("p");
    config_.targets[0].url = "rocksdb://" + path("a");
    config_.targets[1].url = "file://" + path("b");
  }
  /// Another process whose clock is off by so much opens the store, writes `body` and closes it.
  [[nodiscard]] bool write_elsewhere(const std::string& offset, const std::string& body) const {
    ::setenv(kLab, root_.c_str(), 1);
    ::setenv(kBody, body.c_str(), 1);
    ::setenv("LD_PRELOAD", kLibrary, 1);
    ::setenv("FAKETIME", offset.c_str(), 1);
    ::setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1", 1);
    std::string program = "/proc/self/exe";
    std::string filter = "--gtest_filter=WrongClock.DISABLED_another_process";
    std::string all = "--gtest_also_run_disabled_tests";
    std::array<char*, 4> arguments{program.data(), filter.data(), all.data(), nullptr};
    pid_t child = 0;
    const bool begun =
        ::posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments.data(), environ) == 0;
    for (const char* name : {kLab, kBody, "LD_PRELOAD", "FAKETIME"}) ::unsetenv(name);
    int status = -1;
    return begun && ::waitpid(child, &status, 0) == child && status == 0;
  }
  Version version_now() { return store_->head("k")->version; }
};

/// Not a test of its own: what `write_elsewhere` runs.
TEST_F(WrongClock, DISABLED_another_process) {
  const char* lab = std::getenv(kLab);
  const char* body = std::getenv(kBody);
  ASSERT_TRUE(lab != nullptr && body != nullptr);
  use(lab);
  open();
  const auto written = store_->put("k", body);
  EXPECT_TRUE(written) << written.error().to_string();
  EXPECT_TRUE(soon([&] { return settled(); })) << what_is_known();
  const auto left = store_->close(10s);
  EXPECT_TRUE(left && left->drained);
  store_.reset();
  root_ = "/nowhere";  // the lab stays
}

TEST_F(WrongClock, an_hour_ahead_or_back_takes_no_write_away_and_turns_no_version_back) {
  if (!can_fake()) GTEST_SKIP() << "needs libfaketime";
  open();
  ASSERT_TRUE(store_->put("k", "now"));
  const Version first = version_now();
  ASSERT_TRUE(store_->close(10s));
  store_.reset();

  ASSERT_TRUE(write_elsewhere("+3600", "ahead"));
  open();
  EXPECT_EQ(get("k"), "ahead");
  const Version ahead = version_now();
  EXPECT_LT(first, ahead);
  EXPECT_GT(ahead.time.value - first.time.value, std::uint64_t{3'500'000} << 16U)
      << "it was an hour ahead";
  ASSERT_TRUE(store_->put("k", "now again"));
  EXPECT_LT(ahead, version_now()) << "a clock that is right again turns no version back";
  ASSERT_TRUE(soon([&] { return settled(); })) << what_is_known();
  EXPECT_EQ(held("k"), "now again");
  EXPECT_EQ(status("b").lag, 0s);
  const Version now = version_now();
  ASSERT_TRUE(store_->close(10s));
  store_.reset();

  ASSERT_TRUE(write_elsewhere("-3600", "back"));
  open();
  EXPECT_EQ(get("k"), "back");
  EXPECT_LT(now, version_now());
  EXPECT_EQ(held("k"), "back");
}

}  // namespace
}  // namespace godwit
