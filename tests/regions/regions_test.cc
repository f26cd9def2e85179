// One replicated store over two real S3 regions, a directory and a database, one of which is lost.
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <thread>

#include "godwit/replicated_store.h"
#include "http/client.h"
#include "support/make_bucket.h"
#include "support/run_task.h"
#include "world/real/real_world.h"

namespace godwit {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class Regions : public testing::Test {
 protected:
  static constexpr std::size_t kLarge = 40 << 20;

  void SetUp() override {
    ASSERT_NE(std::getenv("GODWIT_TEST_S3_A"), nullptr) << "run this by tests/rgw/with_rgw.sh";
    lab_ = testing::TempDir() + "godwit-regions-" + std::to_string(std::random_device()());
    config_.name = "regions";
    config_.data_dir = lab_ + "/data";
    config_.primary = {.name = "a", .url = bucket("GODWIT_TEST_S3_A"), .region = "a"};
    config_.targets = {{.name = "b", .url = bucket("GODWIT_TEST_S3_B"), .region = "b"},
                       {.name = "disk", .url = "file://" + lab_ + "/disk", .region = "disk"},
                       {.name = "base",
                        .url = "rocksdb://" + lab_ + "/base",
                        .region = "base",
                        .is_read_replica = true}};
    config_.mode = Mode::semi_sync;
    config_.late_write_window = 3s;
    auto opened = ReplicatedStore::open(config_);
    ASSERT_TRUE(opened) << opened.error().to_string();
    store_ = *std::move(opened);
  }
  void TearDown() override {
    store_.reset();
    fs::remove_all(lab_);
  }

  static std::string bucket(const char* endpoint) {
    const std::string url =
        std::string("s3://regions?endpoint=") + std::getenv(endpoint) + "&region=us-east-1";
    RealWorld world;
    const auto client = http::make_client(world);
    const auto made = test::run_task(
        world, test::make_bucket(Context(world), *client, parse_store_url(url, "/").value()));
    EXPECT_TRUE(made) << made.error().to_string();
    (void)test::run_task(world, client->close());
    return url;
  }
  /// The gateway of region "a": it hangs while it is stopped.
  static void signal_region(int signal) {
    std::ifstream file(std::string(std::getenv("GODWIT_RGW_DIR")) + "/a/run/rgw.pid");
    pid_t gateway = 0;
    file >> gateway;
    ASSERT_GT(gateway, 1);
    ASSERT_EQ(::kill(gateway, signal), 0);
  }

  void put(const std::string& key, const std::string& body) {
    const auto receipt = store_->put(key, body);
    ASSERT_TRUE(receipt) << receipt.error().to_string();
    truth_[key] = body;
  }
  void remove(const std::string& key) {
    const auto receipt = store_->remove(key);
    ASSERT_TRUE(receipt) << receipt.error().to_string();
    truth_.erase(key);
  }
  [[nodiscard]] bool settled() const {
    const auto status = store_->status();
    return status && status->unsettled == 0 &&
           std::ranges::all_of(status->targets, &TargetStatus::caught_up);
  }
  /// What is not so within a minute will not be.
  template <class F>
  static bool soon(const F& holds) {
    for (int i = 0; i < 1200 && !holds(); ++i) std::this_thread::sleep_for(50ms);
    return holds();
  }
  /// Each region, asked by name, says of every key what was written to it.
  void expect_the_same_everywhere() {
    for (const std::string region : {"a", "b", "disk", "base"}) {
      const ReadOptions nearest{.preference = ReadPreference::nearest, .region = region};
      for (const auto& [key, body] : truth_) {
        const auto object = store_->get(key, nearest);
        ASSERT_TRUE(object) << region << " " << key << ": " << object.error().to_string();
        EXPECT_EQ(object->head.from, region) << key;
        EXPECT_TRUE(object->body == body) << region << " " << key;
      }
    }
    std::size_t count = 0;
    ASSERT_TRUE(store_->list({}, [&](const ListEntry& entry) {
      EXPECT_TRUE(truth_.contains(entry.key)) << entry.key;
      return ++count > 0;
    }));
    EXPECT_EQ(count, truth_.size());
  }

  std::string lab_;
  ReplicationConfig config_;
  std::unique_ptr<ReplicatedStore> store_;
  std::map<std::string, std::string> truth_;
};

TEST_F(Regions, a_region_that_hangs_is_replaced_and_is_given_all_of_it_when_it_is_back) {
  for (int i = 0; i < 100; ++i) put("k/" + std::to_string(i), "1");
  put("large", std::string(kLarge, 'x'));
  for (int i = 0; i < 100; i += 5) remove("k/" + std::to_string(i));
  ASSERT_TRUE(soon([&] { return settled(); }));
  expect_the_same_everywhere();

  signal_region(SIGSTOP);
  const auto lost = std::chrono::steady_clock::now();
  const WriteOptions impatient{.timeout = 1s};
  bool written = soon([&] { return store_->put("first", "1", impatient).has_value(); });
  const std::chrono::duration<double> silence = std::chrono::steady_clock::now() - lost;
  std::printf("from the loss to the first write: %.1f s\n", silence.count());
  if (written) truth_["first"] = "1";
  EXPECT_TRUE(written);
  EXPECT_EQ(store_->status()->primary, "b");
  for (int i = 50; i < 150; ++i) put("k/" + std::to_string(i), "2");
  for (int i = 1; i < 100; i += 10) remove("k/" + std::to_string(i));
  put("large", std::string(kLarge, 'y'));

  signal_region(SIGCONT);
  ASSERT_TRUE(soon([&] { return settled(); }));
  expect_the_same_everywhere();
  EXPECT_EQ(store_->metrics()->failovers, 1U);

  const auto back = store_->move_primary({.to = "a"});
  ASSERT_TRUE(back) << back.error().to_string();
  EXPECT_TRUE(back->at_risk.empty());
  put("k/0", "3");
  ASSERT_TRUE(soon([&] { return settled(); }));
  expect_the_same_everywhere();
}

TEST_F(Regions, a_read_replica_that_was_paused_over_a_restart_gets_what_it_missed) {
  ASSERT_TRUE(store_->pause("base"));
  for (int i = 0; i < 50; ++i) put("p/" + std::to_string(i), "1");
  ASSERT_TRUE(store_->close(10s));
  auto opened = ReplicatedStore::open(config_);
  ASSERT_TRUE(opened) << opened.error().to_string();
  store_ = *std::move(opened);
  ASSERT_TRUE(soon([&] { return settled(); }));
  for (int i = 0; i < 50; ++i) {
    const ReadOptions nearest{.preference = ReadPreference::nearest, .region = "base"};
    const auto object = store_->get("p/" + std::to_string(i), nearest);
    ASSERT_TRUE(object) << object.error().to_string();
    EXPECT_EQ(object->head.from, "base");
  }
}

}  // namespace
}  // namespace godwit
