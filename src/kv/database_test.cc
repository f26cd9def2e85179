#include "kv/database.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <memory>

#include "kv/rocks_engine.h"
#include "kv/sim_engine.h"

namespace godwit::kv {
namespace {

/// Engines that must all keep the contract of database.h.
struct EngineCase {
  std::string name;
  std::function<std::unique_ptr<Engine>()> make;
};

class DatabaseContract : public testing::TestWithParam<EngineCase> {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(root());
    engine_ = GetParam().make();
    database_ = engine_->open(directory(), {}).value();
  }
  void TearDown() override {
    database_.reset();
    std::filesystem::remove_all(root());
  }
  [[nodiscard]] static std::string root() {
    return testing::TempDir() + "kv-" + std::to_string(::getpid());
  }
  [[nodiscard]] static std::string directory() {
    return root() + "/" + testing::UnitTest::GetInstance()->current_test_info()->name();
  }
  void reopen() {
    database_.reset();
    database_ = engine_->open(directory(), {}).value();
  }

  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Database> database_;
};

Batch rows(const std::vector<Row>& all) {
  Batch batch;
  for (const Row& row : all) batch.put(row.key, row.value);
  return batch;
}

TEST_P(DatabaseContract, a_row_is_what_was_put_last_or_nothing) {
  ASSERT_TRUE(database_->write(rows({{"a", "1"}, {"b", ""}}), Durability::later));
  ASSERT_TRUE(database_->write(rows({{"a", "2"}}), Durability::now));
  EXPECT_EQ(database_->get("a").value(), "2");
  EXPECT_EQ(database_->get("b").value(), "");
  EXPECT_EQ(database_->get("c").value(), std::nullopt);
  const auto many = database_->get_many({"b", "c", "a"}).value();
  ASSERT_EQ(many.size(), 3U);
  EXPECT_EQ(many[0], "");
  EXPECT_EQ(many[1], std::nullopt);
  EXPECT_EQ(many[2], "2");
}

TEST_P(DatabaseContract, the_changes_of_a_batch_happen_in_their_order) {
  ASSERT_TRUE(database_->write(rows({{"a", "1"}, {"b", "1"}, {"c", "1"}}), Durability::later));
  Batch batch;
  batch.put("b5", "new");
  batch.erase_range("a", "c");
  batch.put("b", "2");
  batch.erase("c");
  batch.erase("nothing");
  ASSERT_TRUE(database_->write(batch, Durability::later));
  EXPECT_EQ(database_->scan({}).value(), (std::vector<Row>{{"b", "2"}}));
}

TEST_P(DatabaseContract, a_row_that_was_put_once_can_be_erased_as_such) {
  ASSERT_TRUE(database_->write(rows({{"a", "1"}, {"b", "1"}}), Durability::later));
  Batch batch;
  batch.erase_once("a");
  batch.erase_once("nothing");
  batch.put("c", "1");
  batch.erase_once("c");
  ASSERT_TRUE(database_->write(batch, Durability::now));
  EXPECT_EQ(database_->scan({}).value(), (std::vector<Row>{{"b", "1"}}));
  reopen();
  EXPECT_EQ(database_->scan({}).value(), (std::vector<Row>{{"b", "1"}}));
}

TEST_P(DatabaseContract, a_scan_goes_in_the_order_of_bytes_within_its_limits) {
  const std::string high = "\xff";
  ASSERT_TRUE(
      database_->write(rows({{high, "4"}, {"b", "3"}, {std::string("a\0", 2), "2"}, {"a", "1"}}),
                       Durability::later));
  EXPECT_EQ(database_->scan({.first = "a", .end = "b"}).value(),
            (std::vector<Row>{{"a", "1"}, {std::string("a\0", 2), "2"}}));
  EXPECT_EQ(database_->scan({.first = "b"}).value(), (std::vector<Row>{{"b", "3"}, {high, "4"}}));
  EXPECT_EQ(database_->scan({.most = 1}).value(), (std::vector<Row>{{"a", "1"}}));
  EXPECT_EQ(database_->scan({.most_bytes = 1}).value().size(), 1U);
  EXPECT_TRUE(database_->scan({.first = "c", .end = "d"}).value().empty());
}

TEST_P(DatabaseContract, rows_are_there_after_a_restart) {
  ASSERT_TRUE(database_->write(rows({{"a", "1"}}), Durability::later));
  reopen();
  EXPECT_EQ(database_->get("a").value(), "1");
}

TEST_P(DatabaseContract, one_directory_is_open_once) {
  const auto second = engine_->open(directory(), {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::precondition_failed);
  reopen();
}

INSTANTIATE_TEST_SUITE_P(
    Engines, DatabaseContract,
    testing::Values(
        EngineCase{"sim",
                   [] { return std::make_unique<SimEngine>([] { return std::uint64_t{7}; }); }},
        EngineCase{"rocksdb", [] { return std::make_unique<RocksEngine>(); }}),
    [](const auto& param) { return param.param.name; });

class SimCrash : public testing::Test {
 protected:
  std::uint64_t draw_ = 0;
  SimEngine engine_{[this] { return draw_; }};
};

TEST_F(SimCrash, a_power_loss_keeps_the_durable_and_a_prefix_of_the_rest) {
  for (draw_ = 0; draw_ < 3; ++draw_) {
    const std::string directory = "/d" + std::to_string(draw_);
    auto database = engine_.open(directory, {}).value();
    ASSERT_TRUE(database->write(rows({{"a", "1"}}), Durability::now));
    ASSERT_TRUE(database->write(rows({{"b", "1"}}), Durability::later));
    ASSERT_TRUE(database->write(rows({{"c", "1"}}), Durability::later));
    engine_.crash(Crash::power);
    EXPECT_FALSE(database->get("a"));
    engine_.restart();
    EXPECT_FALSE(database->get("a")) << "it belongs to the process that died";
    auto after = engine_.open(directory, {}).value();
    EXPECT_EQ(after->scan({}).value().size(), 1 + draw_);
  }
}

TEST_F(SimCrash, a_killed_process_loses_nothing_that_was_written) {
  auto database = engine_.open("/d", {}).value();
  ASSERT_TRUE(database->write(rows({{"a", "1"}}), Durability::later));
  engine_.crash(Crash::process);
  engine_.restart();
  EXPECT_EQ(engine_.open("/d", {}).value()->get("a").value(), "1");
}

TEST_F(SimCrash, a_write_that_failed_may_come_back_after_a_restart) {
  draw_ = 0;  // everything strikes
  auto database = engine_.open("/d", {}).value();
  engine_.faults().write_error = 1;
  const auto failed = database->write(rows({{"a", "1"}}), Durability::now);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().outcome(), Outcome::unknown);
  EXPECT_EQ(database->get("a").value(), std::nullopt);
  engine_.crash(Crash::process);
  engine_.restart();
  EXPECT_EQ(engine_.open("/d", {}).value()->get("a").value(), "1");
}

TEST_F(SimCrash, a_write_that_failed_does_not_come_back_after_a_later_one) {
  draw_ = 0;
  auto database = engine_.open("/d", {}).value();
  engine_.faults().write_error = 1;
  ASSERT_FALSE(database->write(rows({{"a", "1"}}), Durability::now));
  engine_.faults().write_error = 0;
  ASSERT_TRUE(database->write(rows({{"b", "1"}}), Durability::now));
  engine_.crash(Crash::process);
  engine_.restart();
  EXPECT_EQ(engine_.open("/d", {}).value()->scan({}).value(), (std::vector<Row>{{"b", "1"}}));
}

}  // namespace
}  // namespace godwit::kv
