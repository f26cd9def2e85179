#include "service/metrics_text.h"

#include <charconv>
#include <functional>

#include "base/version.h"

namespace godwit::service {
namespace {

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

std::string number(double value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value);
  return {text, end.ptr};
}

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

enum class Kind : std::uint8_t { gauge, counter, histogram };

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::gauge: return "gauge";
    case Kind::counter: return "counter";
    case Kind::histogram: return "histogram";
  }
  return "untyped";
}

/// Writes one metric after the other.
class Page {
 public:
  void begin(const std::string& name, Kind kind, const char* help) {
    name_ = name;
    text_ += "# HELP " + name + " " + help + "\n# TYPE " + name + " " + name_of(kind) + "\n";
  }
  void value(const std::string& labels, double value) { line("", labels, value); }
  /// All series of a histogram. `labels` is not empty.
  void value(const std::string& labels, const DurationHistogram& histogram) {
    std::uint64_t up_to = 0;
    for (std::size_t i = 0; i < histogram.kBounds.size(); ++i) {
      up_to += histogram.counts()[i];
      const std::string bound = number(seconds(histogram.kBounds[i]));
      line("_bucket", labels + ",le=\"" + bound + "\"", double(up_to));
    }
    line("_bucket", labels + ",le=\"+Inf\"", double(histogram.count()));
    line("_sum", labels, seconds(histogram.sum()));
    line("_count", labels, double(histogram.count()));
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  void line(const char* suffix, const std::string& labels, double value) {
    text_ += name_ + suffix;
    if (!labels.empty()) text_ += "{" + labels + "}";
    text_ += " " + number(value) + "\n";
  }

  std::string name_;
  std::string text_;
};

using Groups = std::vector<GroupFigures>;

std::string labels_of(const GroupFigures& group) {
  return "group=\"" + escaped(group.status.name) + "\"";
}

std::string labels_of(const GroupFigures& group, const TargetStatus& target) {
  return labels_of(group) + ",target=\"" + escaped(target.name) + "\",region=\"" +
         escaped(target.region) + "\"";
}

struct GroupMetric {
  std::string name;
  Kind kind;
  const char* help;
  double (*value)(const GroupFigures&);
};

struct TargetMetric {
  std::string name;
  Kind kind;
  const char* help;
  double (*value)(const TargetStatus&);
};

const std::vector<GroupMetric>& group_metrics() {
  using G = const GroupFigures&;
  static const std::vector<GroupMetric> metrics = {
      {"godwit_writes_total", Kind::counter, "Writes that the primary has taken.",
       [](G g) { return double(g.metrics.writes_to_primary); }},
      {"godwit_conflicts_detected_total", Kind::counter, "Conflicts that were found.",
       [](G g) { return double(g.metrics.conflicts_detected); }},
      {"godwit_conflicts_resolved_total", Kind::counter,
       "Conflicts that ended, by the policy or a person.",
       [](G g) { return double(g.metrics.conflicts_resolved); }},
      {"godwit_failovers_total", Kind::counter, "Moves of the primary that nobody had planned.",
       [](G g) { return double(g.metrics.failovers); }},
      {"godwit_hedged_reads_total", Kind::counter,
       "Reads of which a second store was asked, since the first took long.",
       [](G g) { return double(g.metrics.hedged_reads); }},
      {"godwit_moving_seconds_total", Kind::counter,
       "Time in which at least one body was on its way to a target.",
       [](G g) { return seconds(g.metrics.moving_time); }},
      {"godwit_journal_payload_bytes", Kind::gauge, "Bodies that the journal keeps.",
       [](G g) { return double(g.metrics.journal_payload); }},
      {"godwit_journal_payloads_left_out_total", Kind::counter, "Bodies that it had no room for.",
       [](G g) { return double(g.metrics.payloads_left_out); }},
      {"godwit_unsettled_writes", Kind::gauge,
       "Writes whose answer was lost, so that nobody knows yet what became of them.",
       [](G g) { return double(g.status.unsettled); }},
      {"godwit_epoch", Kind::gauge, "Grows by one each time that the primary moves.",
       [](G g) { return double(g.status.epoch); }},
      {"godwit_events_dropped_total", Kind::counter, "Events that handlers were too slow for.",
       [](G g) { return double(g.status.events_dropped); }}};
  return metrics;
}

const std::vector<TargetMetric>& target_metrics() {
  using T = const TargetStatus&;
  static const std::vector<TargetMetric> metrics = {
      {"godwit_lag_seconds", Kind::gauge,
       "Age of the oldest acknowledged write that the target lacks; 0 when there is none.",
       [](T t) { return seconds(t.lag); }},
      {"godwit_queue_tasks", Kind::gauge, "Writes that wait for the target, or are under way.",
       [](T t) { return double(t.tasks); }},
      {"godwit_queue_bytes", Kind::gauge, "Their bytes.", [](T t) { return double(t.bytes); }},
      {"godwit_dead_letters", Kind::gauge,
       "Writes that the target will not get unless somebody acts.",
       [](T t) { return double(t.dead_letters); }},
      {"godwit_caught_up", Kind::gauge, "1: the target has everything, for good.",
       [](T t) { return double(t.caught_up); }},
      {"godwit_workers", Kind::gauge, "Workers that live.", [](T t) { return double(t.workers); }},
      {"godwit_deliveries_active", Kind::gauge, "Deliveries under way.",
       [](T t) { return double(t.active); }},
      {"godwit_round_trip_seconds", Kind::gauge, "Of a probe, smoothed; 0 before the first.",
       [](T t) { return seconds(t.round_trip); }},
      {"godwit_replicated_total", Kind::counter, "Writes that arrived, each once.",
       [](T t) { return double(t.counts.replicated); }},
      {"godwit_failed_total", Kind::counter, "Writes that became dead letters.",
       [](T t) { return double(t.counts.failed); }},
      {"godwit_attempts_total", Kind::counter, "Deliveries that were tried.",
       [](T t) { return double(t.counts.attempts); }},
      {"godwit_replicated_bytes_total", Kind::counter, "Bytes that arrived.",
       [](T t) { return double(t.counts.bytes); }}};
  return metrics;
}

void add_target(Page& page, const Groups& groups, const TargetMetric& metric) {
  page.begin(metric.name, metric.kind, metric.help);
  for (const GroupFigures& group : groups) {
    for (const TargetStatus& target : group.status.targets) {
      page.value(labels_of(group, target), metric.value(target));
    }
  }
}

/// One series for each state that there is, of which one is 1.
template <class Values, class Value>
void add_states(Page& page, const std::string& labels, const Values& values, Value is) {
  for (const auto value : values) {
    page.value(labels + ",state=\"" + std::string(to_string(value)) + "\"", value == is ? 1 : 0);
  }
}

template <class Values, class Of>
void add_states_of_targets(Page& page, const Groups& groups, const Values& values, Of of) {
  for (const GroupFigures& group : groups) {
    for (const TargetStatus& target : group.status.targets) {
      add_states(page, labels_of(group, target), values, of(target));
    }
  }
}

void add_histograms(Page& page, const Groups& groups) {
  page.begin("godwit_write_seconds", Kind::histogram,
             "From the call to the answer, of writes that succeeded.");
  for (const GroupFigures& group : groups) page.value(labels_of(group), group.metrics.write_time);
  page.begin("godwit_read_seconds", Kind::histogram,
             "From the call to the first byte, of reads that succeeded.");
  for (const GroupFigures& group : groups) page.value(labels_of(group), group.metrics.read_time);
  page.begin("godwit_replication_seconds", Kind::histogram,
             "From the acknowledgement of a write to its arrival at the target.");
  for (const GroupFigures& group : groups) {
    for (const TargetStatus& target : group.status.targets) {
      page.value(labels_of(group, target), target.counts.replication_time);
    }
  }
}

/// Of groups that had one: of others nothing can be said.
void add_drills(Page& page, const Groups& groups) {
  page.begin("godwit_last_drill_timestamp_seconds", Kind::gauge,
             "When the group's last drill began, in seconds since 1970.");
  for (const GroupFigures& group : groups) {
    if (group.last_drill.is_null()) continue;
    page.value(labels_of(group), group.last_drill.value("at_ms", 0.0) / 1000);
  }
  page.begin("godwit_last_drill_success", Kind::gauge, "1: it has proven every store.");
  for (const GroupFigures& group : groups) {
    if (group.last_drill.is_null()) continue;
    page.value(labels_of(group), group.last_drill.value("result", "") == "proven" ? 1 : 0);
  }
}

void add_alias(Page& page, const Groups& groups, const std::string& alias) {
  const std::vector<TargetMetric> metrics = {
      {alias + "lag_seconds", Kind::gauge, "As godwit_lag_seconds.",
       [](const TargetStatus& t) { return seconds(t.lag); }},
      {alias + "queue_size", Kind::gauge, "As godwit_queue_tasks.",
       [](const TargetStatus& t) { return double(t.tasks); }},
      {alias + "success", Kind::counter, "As godwit_replicated_total.",
       [](const TargetStatus& t) { return double(t.counts.replicated); }},
      {alias + "total", Kind::counter, "Writes that ended one way or the other.",
       [](const TargetStatus& t) { return double(t.counts.replicated + t.counts.failed); }}};
  for (const TargetMetric& metric : metrics) add_target(page, groups, metric);
}

}  // namespace

std::string metrics_text(const Groups& groups, const ProcessFigures& process,
                         const std::string& alias) {
  Page page;
  page.begin("godwit_build_info", Kind::gauge, "Always 1; the version is a label.");
  page.value("version=\"" + escaped(kVersion) + "\"", 1);
  page.begin("godwit_ready", Kind::gauge, "1: all groups are open.");
  page.value("", process.ready ? 1 : 0);
  page.begin("godwit_api_connections", Kind::gauge, "Connections to the API.");
  page.value("", double(process.connections));
  page.begin("godwit_jobs_running", Kind::gauge, "Syncs, verifies, repairs and drills under way.");
  page.value("", double(process.jobs_running));
  for (const GroupMetric& metric : group_metrics()) {
    page.begin(metric.name, metric.kind, metric.help);
    for (const GroupFigures& group : groups) page.value(labels_of(group), metric.value(group));
  }
  page.begin("godwit_primary", Kind::gauge, "Always 1; the label says who is primary.");
  for (const GroupFigures& group : groups) {
    page.value(labels_of(group) + ",store=\"" + escaped(group.status.primary) + "\"", 1);
  }
  constexpr std::array kHealth = {Health::unknown, Health::healthy, Health::degraded,
                                  Health::unhealthy};
  page.begin("godwit_primary_health", Kind::gauge, "1 for what is observed of the primary.");
  for (const GroupFigures& group : groups) {
    const std::string labels =
        labels_of(group) + ",store=\"" + escaped(group.status.primary) + "\"";
    add_states(page, labels, kHealth, group.status.primary_health);
  }
  for (const TargetMetric& metric : target_metrics()) add_target(page, groups, metric);
  constexpr std::array kStates = {State::active, State::paused, State::syncing, State::failed,
                                  State::removed};
  page.begin("godwit_target_health", Kind::gauge, "1 for what is observed of the target.");
  add_states_of_targets(page, groups, kHealth, [](const TargetStatus& t) { return t.health; });
  page.begin("godwit_target_state", Kind::gauge, "1 for what is done with the target.");
  add_states_of_targets(page, groups, kStates, [](const TargetStatus& t) { return t.state; });
  add_histograms(page, groups);
  add_drills(page, groups);
  if (!alias.empty()) add_alias(page, groups, alias);
  return page.take();
}

}  // namespace godwit::service
