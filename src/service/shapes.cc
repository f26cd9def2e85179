#include "service/shapes.h"

#include <charconv>

#include "base/duration.h"
#include "service/line_log.h"

namespace godwit::service {

std::string_view to_string(Ack ack) {
  switch (ack) {
    case Ack::acknowledged: return "acknowledged";
    case Ack::pending: return "pending";
    case Ack::excluded: return "excluded";
  }
  return "";
}

Json shape(const Receipt& receipt) {
  Json targets = Json::array();
  for (const TargetAck& ack : receipt.targets) {
    targets.push_back({{"target", ack.target}, {"ack", to_string(ack.ack)}});
  }
  return {{"version", receipt.version.to_text()},
          {"etag", receipt.etag},
          {"superseded", receipt.superseded},
          {"targets", std::move(targets)}};
}

Json shape(const DeadLetter& letter) {
  return {{"key", letter.key},
          {"version", letter.version.to_text()},
          {"is_removal", letter.is_removal},
          {"code", to_string(letter.code)},
          {"message", letter.message},
          {"written", timestamp(letter.written)},
          {"buried", timestamp(letter.buried)}};
}

Json shape(const MoveReport& report) {
  Json at_risk = Json::array();
  for (const WriteAtRisk& write : report.at_risk) {
    at_risk.push_back(
        {{"key", write.key}, {"version", write.version.to_text()}, {"removal", write.removal}});
  }
  return {{"from", report.from},
          {"to", report.to},
          {"epoch", report.epoch},
          {"kind", report.kind == MoveKind::failover ? "failover" : "switchover"},
          {"lacking", report.lacking},
          {"healed", report.healed},
          {"at_risk", std::move(at_risk)},
          {"exact", report.exact}};
}

Json shape(const ListEntry& entry) {
  return {{"key", entry.key},
          {"size", entry.size},
          {"etag", entry.etag},
          {"modified", timestamp(entry.modified)}};
}

Result<std::optional<Duration>> duration_argument(const std::string& name,
                                                  const std::string& text) {
  if (text.empty()) return std::nullopt;
  auto duration = parse_duration(text);
  if (!duration) return fail(std::move(duration).error().because_of("'" + name + "'"));
  return *duration;
}

Result<std::optional<Version>> version_argument(const std::string& name, const std::string& text) {
  if (text.empty()) return std::nullopt;
  auto version = Version::parse(text);
  if (!version) return fail(std::move(version).error().because_of("'" + name + "'"));
  return *std::move(version);
}

std::uint64_t count_argument(const Call& call, const std::string& name, std::uint64_t fallback) {
  const std::string text = call.argument(name);
  std::from_chars(text.data(), text.data() + text.size(), fallback);
  return fallback;
}

std::string field(const Call& call, const std::string& name) {
  const auto found = call.body.find(name);
  return found == call.body.end() ? std::string() : found->get<std::string>();
}

}  // namespace godwit::service
