#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "journal/journal.h"
#include "kv/sim_engine.h"
#include "support/run_task.h"
#include "world/sim/sim_world.h"

namespace godwit::journal {

inline constexpr auto kSecond = std::chrono::seconds(1);

inline Version version_of(std::uint64_t number) {
  return {.epoch = 1, .time = {.value = number << HybridTime::kCounterBits}, .region = "a"};
}

inline Write put_of(const std::string& key, std::uint64_t number) {
  return {.key = key, .version = version_of(number), .size = 10};
}

class JournalTest : public testing::Test {
 protected:
  explicit JournalTest(std::uint64_t seed = 1)
      : world_(seed), engine_([this] { return world_.random(); }) {}

  void SetUp() override { open(); }
  void TearDown() override {
    if (journal_) close();
  }
  void open() {
    auto opened = test::run_task(world_, Journal::open(world_, engine_, options_));
    ASSERT_TRUE(opened) << opened.error().to_string();
    journal_ = *std::move(opened);
  }
  void close() {
    ASSERT_TRUE(test::run_task(world_, journal_->close()));
    journal_.reset();
  }
  void crash(Crash kind) {
    engine_.crash(kind);
    (void)test::run_task(world_, journal_->close());
    journal_.reset();
    engine_.restart();
    open();
  }
  Sequence begin(Write write, std::string payload = {}) {
    auto begun = journal_->begin(std::move(write), std::move(payload));
    return test::run_task(world_, std::move(begun)).value();
  }
  std::optional<std::string> payload(const std::string& key, std::uint64_t number) {
    return test::run_task(world_, journal_->payload(put_of(key, number))).value();
  }
  void commit_unsettled() {
    for (const Unsettled& each : journal_->unsettled()) {
      journal_->commit(each.sequence, WallTime{});
    }
  }
  void write(Write write, std::string payload = {}) {
    journal_->commit(begin(std::move(write), std::move(payload)), world_.wall_now());
  }
  void settle() {
    // Long enough for everything that is written lazily.
    ASSERT_TRUE(test::run_task(world_, Context(world_).sleep(kSecond)));
  }
  TargetQueue& queue(const std::string& name = "b") { return *journal_->target(name); }
  /// Takes and finishes all tasks that are ready.
  std::vector<std::string> drain(const std::string& name = "b") {
    std::vector<std::string> keys;
    while (true) {
      auto task = queue(name).take();
      if (!task) {
        settle();
        task = queue(name).take();
      }
      if (!task) return keys;
      keys.push_back(task->write.key);
      queue(name).done(task->write.key, task->write.version);
    }
  }
  bool lacks(const std::string& key, const std::string& name = "b") {
    return test::run_task(world_, journal_->lacks(name, key)).value();
  }
  void finish_resync() {
    for (const std::string& name : options_.targets) queue(name).resynced(queue(name).collapses());
    settle();
  }

  SimWorld world_;
  kv::SimEngine engine_;
  JournalOptions options_{.directory = "/journal",
                          .targets = {"b", "c"},
                          .most_in_memory = 8,
                          .payload_limit = kMiB,
                          .late_write_window = kSecond / 2};
  std::unique_ptr<Journal> journal_;
};

}  // namespace godwit::journal
