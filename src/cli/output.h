#pragma once

#include <ostream>
#include <string>

#include "store/layers/metrics.h"
#include "store/object.h"
#include "transfer/gc.h"
#include "transfer/sync.h"
#include "transfer/verify.h"

namespace godwit::cli {

enum class Format : std::uint8_t { text, json };
enum class Detail : std::uint8_t { quiet, normal, verbose };

/// What a run asked of its stores.
struct Traffic {
  std::uint64_t requests = 0;  ///< HTTP requests, repeated ones too
  const StoreMetrics& calls;
};

/// Prints what happens: lines for people, or one JSON object per line.
/// Failures go to `err` as they happen; results to `out`.
class Output final : public transfer::Observer {
 public:
  Output(std::ostream& out, std::ostream& err, Format format, Detail detail)
      : out_(out), err_(err), format_(format), detail_(detail) {}

  void on_start(const transfer::Progress& progress) override { progress_ = &progress; }
  void on_event(const transfer::Event& event) override;

  void error(const Error& error);
  void summary(const transfer::SyncSummary& summary, const Traffic& traffic);
  void summary(const transfer::VerifySummary& summary, const Traffic& traffic);
  void summary(const transfer::RepairSummary& summary, const Traffic& traffic);
  void summary(const transfer::GcSummary& summary, transfer::Run run);
  void entry(const ListEntry& entry, Detail detail);
  void info(const ObjectInfo& info);
  void line(const std::string& text);

  [[nodiscard]] Format format() const { return format_; }
  [[nodiscard]] Detail detail() const { return detail_; }
  [[nodiscard]] std::ostream& out() { return out_; }
  /// Counts of the run under way; null before it starts and after its summary.
  [[nodiscard]] const transfer::Progress* progress() const { return progress_; }
  /// Called before a line is printed, so that a progress bar can step aside.
  std::function<void()> before_line = [] {};

 private:
  void say(const std::string& text);
  void complain(const std::string& text);

  std::ostream& out_;
  std::ostream& err_;
  Format format_;
  Detail detail_;
  const transfer::Progress* progress_ = nullptr;
};

/// A key as one line can show it: control characters and broken UTF-8 are escaped.
[[nodiscard]] std::string printable(std::string_view key);
/// "2026-11-21 05:31:10" (UTC).
[[nodiscard]] std::string format_time(WallTime time);

}  // namespace godwit::cli
