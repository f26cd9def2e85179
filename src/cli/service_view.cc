#include "cli/service_view.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/duration.h"
#include "cli/json_fields.h"
#include "cli/output.h"

namespace godwit::cli {
namespace {

/// A move's writes at risk that are named; the rest is counted.
constexpr std::size_t kMostNamed = 20;

const ServiceJson& targets_of(const ServiceJson& group) { return list_of(group, "targets"); }

/// Dead letters that are no conflicts.
std::uint64_t dead_of(const ServiceJson& target) {
  const std::uint64_t all = count_of(target, "dead_letters");
  return all - std::min(all, count_of(target, "conflicts"));
}

/// What needs attention, in the daemon's words.
void add_attention(const ServiceJson& group, StatusView& view) {
  for (const ServiceJson& each : list_of(group, "attention")) {
    const std::string target = text_of(each, "target");
    std::string line = text_of(group, "name") + ": " + target + (target.empty() ? "" : " ");
    line += text_of(each, "message");
    if (text_of(each, "kind") == "dead_letters") line += "; see `godwit dead-letters`";
    if (text_of(each, "kind") == "conflicts") line += "; see `godwit conflicts`";
    view.attention.push_back(std::move(line));
  }
}

void add_group(const ServiceJson& group, StatusView& view) {
  const std::string name = text_of(group, "name");
  add_attention(group, view);
  if (!group.value("open", true)) {
    view.text += name + ": not open yet\n\n";
    return;
  }
  const std::string primary = text_of(group, "primary");
  const std::string health = text_of(group, "primary_health");
  view.text += name + ": primary " + primary + " (" + health + "), epoch " +
               shown(count_of(group, "epoch")) + "\n";
  if (const auto unsettled = count_of(group, "unsettled"); unsettled > 0) {
    view.text += "  " + shown(unsettled) + " writes whose answer was lost are being settled\n";
  }
  std::vector<std::vector<std::string>> rows = {
      {"TARGET", "REGION", "HEALTH", "STATE", "LAG", "QUEUE", "BYTES", "DEAD", "CONFLICTS", ""}};
  for (const ServiceJson& target : targets_of(group)) {
    rows.push_back({text_of(target, "name"), text_of(target, "region"), text_of(target, "health"),
                    text_of(target, "state"), duration_of(target, "lag_ms"),
                    shown(count_of(target, "tasks")), format_bytes(count_of(target, "bytes")),
                    shown(dead_of(target)), shown(count_of(target, "conflicts")),
                    text_of(target, "note")});
  }
  view.text += table(rows) + "\n";
}

/// A table with a row for each target of each group.
template <class Cells>
std::string rows_of_targets(const ServiceJson& groups, std::vector<std::string> head, Cells cells) {
  std::vector<std::vector<std::string>> rows = {std::move(head)};
  for (const ServiceJson& group : groups) {
    for (const ServiceJson& target : targets_of(group)) {
      std::vector<std::string> row = {text_of(group, "name"), text_of(target, "name")};
      for (std::string& cell : cells(target)) row.push_back(std::move(cell));
      rows.push_back(std::move(row));
    }
  }
  return table(rows);
}

}  // namespace

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line = " ";
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += " " + row[i] + std::string(widths[i] - row[i].size() + 1, ' ');
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

StatusView status_view(const ServiceJson& groups) {
  StatusView view;
  for (const ServiceJson& group : groups) add_group(group, view);
  for (const std::string& each : view.attention) view.text += "ATTENTION  " + each + "\n";
  if (view.attention.empty()) view.text += "All is well.\n";
  return view;
}

std::string lag_view(const ServiceJson& groups) {
  return rows_of_targets(groups, {"GROUP", "TARGET", "LAG", "QUEUE"},
                         [](const ServiceJson& target) {
                           return std::vector<std::string>{duration_of(target, "lag_ms"),
                                                           shown(count_of(target, "tasks"))};
                         });
}

std::string queue_view(const ServiceJson& groups) {
  return rows_of_targets(
      groups,
      {"GROUP", "TARGET", "TASKS", "BYTES", "ACTIVE", "WORKERS", "IN DOUBT", "DEAD", "DELIVERED"},
      [](const ServiceJson& target) {
        return std::vector<std::string>{
            shown(count_of(target, "tasks")),     format_bytes(count_of(target, "bytes")),
            shown(count_of(target, "active")),    shown(count_of(target, "workers")),
            shown(count_of(target, "in_doubt")),  shown(count_of(target, "dead_letters")),
            shown(count_of(target, "replicated"))};
      });
}

double longest_lag_ms(const ServiceJson& groups) {
  double longest = 0;
  for (const ServiceJson& group : groups) {
    for (const ServiceJson& target : targets_of(group)) {
      longest = std::max(longest, number_of(target, "lag_ms"));
    }
  }
  return longest;
}

std::string move_view(const ServiceJson& report) {
  const bool dry = report.value("dry_run", true);
  std::string text = text_of(report, "kind") + ": " + text_of(report, "from") + " -> " +
                     text_of(report, "to") + (dry ? " (dry run)\n" : " done\n");
  text += "  lacks now: " + shown(count_of(report, "lacking")) +
          " keys; given by others: " + shown(count_of(report, "healed")) + "\n";
  const auto at_risk = report.find("at_risk");
  const std::size_t count = at_risk == report.end() ? 0 : at_risk->size();
  text += "  at risk: " + shown(count) + (count == 0 ? ", nothing\n" : " writes\n");
  for (std::size_t i = 0; i < std::min(count, kMostNamed); ++i) {
    text +=
        "    " + text_of((*at_risk)[i], "key") + "  " + text_of((*at_risk)[i], "version") + "\n";
  }
  if (count > kMostNamed)
    text += "    and " + shown(count - kMostNamed) + " more (--json names all)\n";
  const bool switchover = text_of(report, "kind") == "switchover";
  if (!report.value("exact", true) && switchover) {
    text += "  it is still being compared as a whole; the move waits for that\n";
  } else if (!report.value("exact", true)) {
    text += "  NOT EXACT: its backlog was dropped; more may be lost than is named\n";
  }
  return text;
}

std::string event_view(const ServiceJson& event) {
  const auto at = std::chrono::milliseconds(static_cast<std::int64_t>(number_of(event, "at_ms")));
  std::string text = format_time(WallTime(at));
  for (const char* name : {"group", "event", "target", "key", "message"}) {
    const std::string part = text_of(event, name);
    if (!part.empty()) text += "  " + part;
  }
  return text;
}

}  // namespace godwit::cli
