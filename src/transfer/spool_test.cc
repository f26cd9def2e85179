// More keys than memory takes: all of them come back, or an error does.
#include "transfer/spool.h"

#include <gtest/gtest.h>

#include <set>

#include "support/run_task.h"
#include "world/sim/sim_world.h"

namespace godwit::transfer {
namespace {

const std::string kDirectory = "/state";
const std::string kPath = kDirectory + "/keys";

class SpoolTest : public testing::Test {
 protected:
  template <class T>
  Result<T> run(Task<T> task) {
    return test::run_task(world, std::move(task));
  }
  /// Adds `count` keys, and spills after each share of them, as its users do.
  Result<void> fill(KeySpool& spool, std::size_t count) {
    constexpr std::size_t kShare = 1000;
    for (std::size_t i = 0; i < count; ++i) {
      spool.add("key/" + std::to_string(i));
      if (i % kShare == 0) GODWIT_CHECK(run(spool.spill()));
    }
    return run(spool.spill());
  }
  /// All that comes back; `batch` at once, at most.
  Result<std::multiset<std::string>> drain(KeySpool& spool, std::size_t batch) {
    std::multiset<std::string> all;
    for (;;) {
      GODWIT_TRY(const std::vector<std::string> keys, run(spool.next(batch)));
      if (keys.empty()) return all;
      EXPECT_LE(keys.size(), batch);
      all.insert(keys.begin(), keys.end());
    }
  }
  void expect_all(const std::multiset<std::string>& found, std::size_t count) {
    ASSERT_EQ(found.size(), count);
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_EQ(found.count("key/" + std::to_string(i)), 1U) << i;
    }
  }
  [[nodiscard]] bool file_is_there() { return world.disk().stat(kPath).has_value(); }

  SimWorld world{1};
};

TEST_F(SpoolTest, a_few_keys_need_no_file) {
  KeySpool spool(world, kDirectory, "keys");
  ASSERT_TRUE(fill(spool, 1000));
  EXPECT_FALSE(file_is_there());
  const auto found = drain(spool, 7);
  ASSERT_TRUE(found);
  expect_all(*found, 1000);
  EXPECT_TRUE(run(spool.remove()));
}

TEST_F(SpoolTest, what_memory_does_not_take_comes_back_from_the_file_each_key_once) {
  const std::size_t count = 5 * KeySpool::kInMemory + 77;
  KeySpool spool(world, kDirectory, "keys");
  ASSERT_TRUE(fill(spool, count));
  EXPECT_EQ(spool.size(), count);
  EXPECT_TRUE(file_is_there());
  const auto found = drain(spool, 1000);
  ASSERT_TRUE(found) << found.error().to_string();
  expect_all(*found, count);
  EXPECT_TRUE(run(spool.remove()));
  EXPECT_FALSE(file_is_there());
}

TEST_F(SpoolTest, a_file_that_a_crash_left_is_replaced) {
  const std::size_t count = 2 * KeySpool::kInMemory;
  for (int life = 0; life < 2; ++life) {
    KeySpool spool(world, kDirectory, "keys");
    ASSERT_TRUE(fill(spool, count));
    const auto found = drain(spool, 5000);
    ASSERT_TRUE(found) << found.error().to_string();
    expect_all(*found, count);
  }
}

TEST_F(SpoolTest, a_damaged_file_is_an_error_and_not_a_shorter_list) {
  KeySpool spool(world, kDirectory, "keys");
  ASSERT_TRUE(fill(spool, 2 * KeySpool::kInMemory));
  const auto file = world.disk().open(kPath, OpenMode::write_existing);
  ASSERT_TRUE(file) << file.error().to_string();
  ASSERT_TRUE((*file)->write_at(0, as_bytes(std::string_view("\xff\xff\xff\xff"))));
  const auto found = drain(spool, KeySpool::kInMemory);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), Code::corrupted);
}

TEST_F(SpoolTest, without_a_directory_memory_is_bounded) {
  KeySpool spool(world, "", "keys");
  ASSERT_TRUE(fill(spool, 2 * KeySpool::kInMemory));
  for (std::uint64_t i = spool.size(); i <= KeySpool::kMostWithoutFile; ++i) spool.add("k");
  const auto refused = run(spool.spill());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::limit_exceeded);
  EXPECT_NE(refused.error().hint().find("--state-dir"), std::string::npos);
}

}  // namespace
}  // namespace godwit::transfer
