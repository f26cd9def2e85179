#pragma once

#include <atomic>
#include <mutex>
#include <ostream>
#include <span>
#include <string>

#include "godwit/log.h"
#include "service/config.h"
#include "world/world.h"

namespace godwit::service {

/// Log lines on a stream: "2026-11-21T05:31:10.123Z info message key=value", or one JSON object.
/// Fields without a value are left out.
/// Concurrency: any thread.
class LineLog final : public LogSink {
 public:
  /// `out` outlives this.
  LineLog(World& world, std::ostream& out, const LogConfig& config)
      : world_(world), out_(out), level_(config.level), format_(config.format) {}

  /// From the next line on.
  void configure(const LogConfig& config);
  [[nodiscard]] bool wants(LogLevel level) const override { return level >= level_; }
  void write(LogLevel level, std::string_view message,
             std::initializer_list<LogField> fields) override {
    line(level, message, {}, std::span(fields.begin(), fields.size()));
  }
  /// The same of a group; none where it is empty.
  void line(LogLevel level, std::string_view message, std::string_view group,
            std::span<const LogField> fields);

 private:
  World& world_;
  std::ostream& out_;
  std::mutex mutex_;
  std::atomic<LogLevel> level_;
  std::atomic<LogFormat> format_;
};

/// What a group tells, with its name.
class GroupLog final : public LogSink {
 public:
  /// `log` outlives this.
  GroupLog(LineLog& log, std::string group) : log_(log), group_(std::move(group)) {}
  [[nodiscard]] bool wants(LogLevel level) const override { return log_.wants(level); }
  void write(LogLevel level, std::string_view message,
             std::initializer_list<LogField> fields) override {
    log_.line(level, message, group_, std::span(fields.begin(), fields.size()));
  }

 private:
  LineLog& log_;
  std::string group_;
};

/// "2026-11-21T05:31:10.123Z".
[[nodiscard]] std::string timestamp(WallTime time);

}  // namespace godwit::service
