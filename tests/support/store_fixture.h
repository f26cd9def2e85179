#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "godwit/replicated_store.h"

namespace godwit {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

/// Waits for what will be true soon.
template <class F>
[[nodiscard]] bool soon(F is_true) {
  for (int i = 0; i < 1000; ++i) {
    if (is_true()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

class Lines final : public LogSink {
 public:
  bool wants(LogLevel) const override { return true; }
  void write(LogLevel, std::string_view, std::initializer_list<LogField>) override { ++count; }
  std::atomic<int> count = 0;
};

/// A primary in a directory, a target in a database and one in a directory.
class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    root_ = fs::path(testing::TempDir()) /
            ("godwit-api-" + std::to_string(::getpid()) + "-" + std::string(test->name()));
    fs::remove_all(root_);
    config_.name = "g";
    config_.data_dir = path("data");
    config_.region = "here";
    config_.primary = {.name = "p", .url = "file://" + path("p"), .region = "here"};
    config_.targets = {{.name = "a", .url = "rocksdb://" + path("a"), .region = "there"},
                       {.name = "b", .url = "file://" + path("b"), .region = "far"}};
    config_.log = log_;
  }
  ~StoreTest() override {
    store_.reset();
    fs::remove_all(root_);
  }
  std::string path(const std::string& name) const { return root_ / name; }
  void open() {
    auto opened = ReplicatedStore::open(config_);
    if (!opened) throw std::runtime_error(opened.error().to_string());
    store_ = *std::move(opened);
    ASSERT_TRUE(soon([&] { return settled(); })) << what_is_known();
  }
  void reopen() {
    ASSERT_TRUE(store_->close());
    store_.reset();
    open();
  }
  bool settled() {
    const auto status = store_->status().value();
    return std::ranges::all_of(status.targets, [](const TargetStatus& target) {
      return target.state == State::paused ||
             (target.caught_up && target.health == Health::healthy);
    });
  }
  std::string what_is_known() {
    std::string all = to_json(store_->status().value());
    const auto events = store_->events().value();
    for (const Event& event : events) all += "\n" + to_json(event);
    return all;
  }
  TargetStatus status(const std::string& target) {
    const auto all = store_->status().value();
    return *std::ranges::find(all.targets, target, &TargetStatus::name);
  }
  std::string get(const std::string& key, const ReadOptions& options = {}) {
    const auto object = store_->get(key, options);
    return object ? object->body : object.error().to_string();
  }
  /// What the store of target "b" holds.
  std::string held(const std::string& key) const {
    std::ifstream file(path("b/" + key));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  /// Somebody else writes to target "b".
  void behind_our_back(const std::string& key, const std::string& body) {
    fs::create_directories(path("b"));
    std::ofstream(path("b/" + key)) << body;
  }
  std::string refusal() {
    const auto refused = ReplicatedStore::open(config_);
    return refused ? "(opened)" : refused.error().to_string();
  }

  fs::path root_;
  std::shared_ptr<Lines> log_ = std::make_shared<Lines>();
  ReplicationConfig config_;
  std::unique_ptr<ReplicatedStore> store_;
};

}  // namespace godwit
