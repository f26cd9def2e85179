#include "coordination/group_file.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/crc.h"

namespace godwit {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kMagic = "godwit-group ";
constexpr unsigned kFormat = 1;

std::string checksum_of(std::string_view text) {
  Crc32c crc;
  crc.update(as_bytes(text));
  std::array<char, 16> digits{};
  std::snprintf(digits.data(), digits.size(), "%08x", crc.value());
  return digits.data();
}

Json to_json(WallTime time) { return time.time_since_epoch().count(); }
WallTime to_time(const Json& json) { return WallTime(Duration(json.get<Duration::rep>())); }

Json to_json(const GroupState& state) {
  Json watermarks = Json::object();
  for (const auto& [target, version] : state.watermarks) watermarks[target] = version.to_text();
  return {{"epoch", state.epoch},
          {"primary", state.primary},
          {"primary_region", state.primary_region},
          {"fenced", state.fenced},
          {"failovers",
           {{"last_ns", to_json(state.failovers.last)},
            {"day_ns", to_json(state.failovers.day)},
            {"that_day", state.failovers.that_day}}},
          {"watermarks", std::move(watermarks)}};
}

Result<GroupState> to_state(const Json& json) {
  GroupState state;
  json.at("epoch").get_to(state.epoch);
  json.at("primary").get_to(state.primary);
  json.at("primary_region").get_to(state.primary_region);
  json.at("fenced").get_to(state.fenced);
  const Json& failovers = json.at("failovers");
  state.failovers = {.last = to_time(failovers.at("last_ns")),
                     .day = to_time(failovers.at("day_ns")),
                     .that_day = failovers.at("that_day").get<std::uint32_t>()};
  for (const auto& [target, text] : json.at("watermarks").items()) {
    GODWIT_TRY(state.watermarks[target], Version::parse(text.get<std::string>()));
  }
  return state;
}

Result<GroupRecord> to_record(const Json& json) {
  GroupRecord record;
  json.at("group").get_to(record.group);
  json.at("revision").get_to(record.snapshot.revision);
  json.at("last_token").get_to(record.last_token);
  GODWIT_TRY(record.snapshot.state, to_state(json.at("state")));
  for (const auto& [name, lease] : json.at("leases").items()) {
    record.leases[name] = {.holder = lease.at("holder").get<std::string>(),
                           .token = lease.at("token").get<std::uint64_t>(),
                           .ttl = Duration(lease.at("ttl_ns").get<Duration::rep>())};
  }
  return record;
}

/// The number before the next space, which goes with it.
Result<unsigned> take_format(std::string_view& head) {
  unsigned format = 0;
  const auto [end, error] = std::from_chars(head.data(), head.data() + head.size(), format);
  if (error != std::errc() || end == head.data() + head.size() || *end != ' ') {
    return damaged_group("no format in its first line");
  }
  head.remove_prefix(static_cast<std::size_t>(end - head.data()) + 1);
  return format;
}

}  // namespace

std::unexpected<Error> damaged_group(std::string_view why) {
  return fail(
      Error(Code::corrupted, "damaged: " + std::string(why))
          .with_hint("restore the file from a backup; if there is none, stop all nodes of the "
                     "group, move the file away, and begin the group again with an epoch above "
                     "every one in its stores"));
}

std::string encode_group(const GroupRecord& record) {
  Json leases = Json::object();
  for (const auto& [name, lease] : record.leases) {
    leases[name] = {
        {"holder", lease.holder}, {"token", lease.token}, {"ttl_ns", lease.ttl.count()}};
  }
  const Json json = {{"group", record.group},
                     {"revision", record.snapshot.revision},
                     {"state", to_json(record.snapshot.state)},
                     {"last_token", record.last_token},
                     {"leases", std::move(leases)}};
  const std::string body = json.dump(2) + "\n";
  return std::string(kMagic) + std::to_string(kFormat) + " " + checksum_of(body) + "\n" + body;
}

Result<GroupRecord> decode_group(std::string_view text) {
  if (!text.starts_with(kMagic)) return damaged_group("it does not begin as a group's file does");
  const std::size_t line = text.find('\n');
  if (line == std::string_view::npos) return damaged_group("it ends in its first line");
  std::string_view head = text.substr(kMagic.size(), line - kMagic.size());
  const std::string_view body = text.substr(line + 1);
  GODWIT_TRY(const unsigned format, take_format(head));
  // What a newer format puts behind its number is not for us to judge.
  if (format > kFormat) {
    return fail(Error(Code::unsupported, "written by a newer release, in format " +
                                             std::to_string(format) + "; this one reads up to " +
                                             std::to_string(kFormat))
                    .with_hint("run the release that wrote it, or a newer one"));
  }
  if (format == 0 || head != checksum_of(body)) return damaged_group("its checksum does not fit");
  try {
    Result<GroupRecord> record = to_record(Json::parse(body));
    if (!record) return damaged_group(record.error().message());
    return record;
  } catch (const Json::exception& error) {
    return damaged_group(error.what());
  }
}

}  // namespace godwit
