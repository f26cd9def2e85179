#include "service/shapes.h"

#include <charconv>

#include "base/duration.h"
#include "service/attention.h"
#include "service/line_log.h"

namespace godwit::service {
namespace {

Json shape(const Attention& attention) {
  Json json{{"kind", attention.kind}, {"message", attention.message}};
  if (!attention.target.empty()) json["target"] = attention.target;
  return json;
}

}  // namespace

std::string region_of(const std::string& store, const ReplicationConfig& config) {
  if (store == config.primary.name) return config.primary.region;
  const auto found = std::ranges::find(config.targets, store, &ReplicaTarget::name);
  return found == config.targets.end() ? std::string() : found->region;
}

Json shape(const GroupStatus& status, const ReplicationConfig& config, const Conflicts& conflicts) {
  Json json = Json::parse(to_json(status));
  json["configured_primary"] = config.primary.name;
  json["primary_region"] = region_of(status.primary, config);
  for (std::size_t i = 0; i < status.targets.size(); ++i) {
    const TargetStatus& target = status.targets[i];
    const auto waiting = conflicts.find(target.name);
    json["targets"][i]["conflicts"] = waiting == conflicts.end() ? 0 : waiting->second;
    json["targets"][i]["note"] = note_of(target, conflicts);
  }
  json["attention"] = Json::array();
  for (const Attention& each : attention_of(status, config, conflicts)) {
    json["attention"].push_back(shape(each));
  }
  return json;
}

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
