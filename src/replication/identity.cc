#include "replication/identity.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "replication/versioned.h"

namespace godwit::replication {
namespace {

using Json = nlohmann::json;

constexpr int kFormat = 1;
constexpr Bytes kLargest = 64 * kKiB;

std::unexpected<Error> unreadable(const std::string& why) {
  return fail(Error(Code::corrupted, "the store's marker cannot be read: " + why)
                  .with_hint("see what '" + std::string(kMarkerKey) +
                             "' holds; remove it if the store belongs to no group"));
}

/// The store has answered, and what it holds is not for us to write over.
bool is_answer(const Error& error) {
  return error.code() == Code::corrupted || error.code() == Code::unsupported;
}

Task<void> put_marker(const Context& context, Store& store, const Marker& marker,
                      Condition condition) {
  const std::string key(kMarkerKey);
  const std::string text = to_text(marker);
  ViewBody body(as_bytes(text));
  const Upload upload{.body = &body, .size = text.size()};
  const PutOptions options{.metadata = {.content_type = "application/json"},
                           .condition = condition};
  GODWIT_CO_CHECK(co_await store.put(context, key, upload, options));
  co_return Result<void>();
}

}  // namespace

std::string to_text(const Marker& marker) {
  const Json json = {{"format", kFormat},
                     {"group", marker.group},
                     {"target", marker.target},
                     {"epoch", marker.epoch},
                     {"primary", marker.primary}};
  return json.dump(2) + "\n";
}

Result<Marker> parse_marker(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return unreadable("it is no JSON object");
  try {
    if (json.at("format").get<int>() > kFormat) {
      return fail(Error(Code::unsupported, "the store was marked by a newer release of godwit")
                      .with_hint("run that release"));
    }
    Marker marker;
    json.at("group").get_to(marker.group);
    json.at("target").get_to(marker.target);
    json.at("epoch").get_to(marker.epoch);
    json.at("primary").get_to(marker.primary);
    return marker;
  } catch (const Json::exception& error) {
    return unreadable(error.what());
  }
}

Task<std::optional<Marker>> read_marker(const Context& context, Store& store) {
  const std::string key(kMarkerKey);
  const GetOptions options;
  auto got = co_await store.get(context, key, options);
  if (!got && got.error().code() == Code::not_found) co_return std::nullopt;
  if (!got) co_return std::unexpected(std::move(got).error());
  GODWIT_CO_TRY(const std::string text, co_await read_all(*got->body, kLargest));
  auto marker = parse_marker(text);
  if (marker) co_return *std::move(marker);
  co_return fail(std::move(marker).error().at(place_of(store, "get", key)));
}

Error lost_its_marker(const Store& primary) {
  return Error(Code::precondition_failed, "the primary has lost its marker")
      .with_hint("it was emptied, or is not mounted: what is not there is not removed elsewhere")
      .at(place_of(primary, "get", std::string(kMarkerKey)));
}

Task<void> write_marker(const Context& context, Store& store, const Marker& marker) {
  co_return co_await put_marker(context, store, marker, Condition::none);
}

Task<bool> keeps_conditions(const Context& context, Store& store, const Marker& marker) {
  const auto taken = co_await put_marker(context, store, marker, Condition::absent);
  if (taken) co_return false;
  if (taken.error().code() == Code::precondition_failed) co_return true;
  co_return std::unexpected(taken.error());
}

Result<void> check_owner(const Marker& marker, const std::string& group, const std::string& target,
                         const Store& store) {
  if (marker.group == group && marker.target == target) return {};
  const std::string what =
      marker.group == group
          ? "is '" + marker.target + "' of this group already, and '" + target + "' is meant"
          : "belongs to the group '" + marker.group + "', as '" + marker.target + "'";
  return fail(Error(Code::precondition_failed, store.identity().url + " " + what)
                  .with_hint("take another bucket or prefix; or remove '" +
                             std::string(kMarkerKey) + "' there, if that is no more"));
}

Task<std::map<std::string, Marker>> find_markers(const Context& context, const GroupConfig& config,
                                                 const GroupStores& stores) {
  std::map<std::string, Marker> markers;
  for (const auto& [name, store] : stores) {
    const Context patient = context.with_timeout(config.health_check_timeout);
    auto marker = co_await read_marker(patient, *store);
    if (!marker && !is_answer(marker.error())) continue;
    if (!marker) co_return std::unexpected(std::move(marker).error());
    if (!*marker) continue;
    GODWIT_CO_CHECK(check_owner(**marker, config.name, name, *store));
    markers.emplace(name, **std::move(marker));
  }
  co_return markers;
}

Task<GroupState> agreed_state(const Context& context, Coordinator& coordinator,
                              const GroupConfig& config,
                              const std::map<std::string, Marker>& markers) {
  const auto latest =
      std::ranges::max_element(markers, {}, [](const auto& each) { return each.second.epoch; });
  const Marker heard = latest == markers.end() ? Marker{} : latest->second;
  GODWIT_CO_TRY(GroupSnapshot snapshot, co_await coordinator.read(context, config.name));
  if (snapshot.revision != 0 && snapshot.state.epoch >= heard.epoch) {
    co_return std::move(snapshot.state);
  }
  const std::string known = "the stores know epoch " + std::to_string(heard.epoch) +
                            " with the primary '" + heard.primary + "', ";
  if (snapshot.revision != 0) {
    co_return fail(Error(Code::precondition_failed, known + "the coordinator only epoch " +
                                                        std::to_string(snapshot.state.epoch))
                       .with_hint("its state is an old copy: restore the newest, or remove it and "
                                  "name that primary in the config"));
  }
  if (heard.epoch > 0 && heard.primary != config.primary) {
    co_return fail(Error(Code::precondition_failed,
                         known + "the coordinator knows nothing, and the config names '" +
                             config.primary + "'")
                       .with_hint("set primary = \"" + heard.primary + "\", and move it later"));
  }
  snapshot.state.epoch = heard.epoch + 1;
  snapshot.state.primary = config.primary;
  snapshot.state.primary_region = config.primary_region;
  GODWIT_CO_CHECK(co_await coordinator.compare_and_swap(context, config.name, snapshot));
  co_return std::move(snapshot.state);
}

Task<bool> claim_primary(const Context& context, Store& primary, const Marker& marker,
                         bool group_is_old) {
  const auto there = co_await read_marker(context, primary);
  if (!there) co_return false;
  if (*there == marker) co_return true;
  if (!*there && group_is_old) {
    co_return fail(Error(Code::precondition_failed,
                         "the primary " + primary.identity().url +
                             " has no marker, though a target of the group has one: it was "
                             "emptied, or is not the place that it was")
                       .with_hint("make a target the primary, and this one a target of another "
                                  "name"));
  }
  if (*there) GODWIT_CO_CHECK(check_owner(**there, marker.group, marker.target, primary));
  const auto written = co_await write_marker(context, primary, marker);
  co_return written.has_value();
}

}  // namespace godwit::replication
