#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "kv/sim_engine.h"

namespace godwit::conformance {

/// The simulator's engine, which knows one thread only, for a world with many.
class LockedSimEngine final : public kv::Engine {
 public:
  [[nodiscard]] Result<std::unique_ptr<kv::Database>> open(
      const std::string& directory, const kv::DatabaseOptions& options) override {
    const std::lock_guard lock(mutex_);
    GODWIT_TRY(std::unique_ptr<kv::Database> database, engine_.open(directory, options));
    return std::make_unique<LockedDatabase>(std::move(database), mutex_);
  }

 private:
  class LockedDatabase final : public kv::Database {
   public:
    LockedDatabase(std::unique_ptr<kv::Database> inner, std::mutex& mutex)
        : inner_(std::move(inner)), mutex_(mutex) {}
    ~LockedDatabase() override {
      const std::lock_guard lock(mutex_);
      inner_.reset();
    }
    [[nodiscard]] Result<std::optional<std::string>> get(std::string_view key) override {
      const std::lock_guard lock(mutex_);
      return inner_->get(key);
    }
    [[nodiscard]] Result<std::vector<std::optional<std::string>>> get_many(
        const std::vector<std::string>& keys) override {
      const std::lock_guard lock(mutex_);
      return inner_->get_many(keys);
    }
    [[nodiscard]] Result<void> write(const kv::Batch& batch, kv::Durability durability) override {
      const std::lock_guard lock(mutex_);
      return inner_->write(batch, durability);
    }
    [[nodiscard]] Result<std::vector<kv::Row>> scan(const kv::Range& range) override {
      const std::lock_guard lock(mutex_);
      return inner_->scan(range);
    }

   private:
    std::unique_ptr<kv::Database> inner_;
    std::mutex& mutex_;
  };

  std::mutex mutex_;
  kv::SimEngine engine_{[] { return std::uint64_t{7}; }};
};

}  // namespace godwit::conformance
