#include "service/reload.h"

#include <algorithm>
#include <utility>

namespace godwit::service {
namespace {

/// The keys whose values differ, those that only one of both has too.
std::set<std::string> changed_keys(const Config& before, const Config& now) {
  std::set<std::string> changed;
  for (const auto& [key, value] : before.settings) {
    const auto other = now.settings.find(key);
    if (other == now.settings.end() || other->second != value) changed.insert(key);
  }
  for (const auto& [key, value] : now.settings) {
    if (!before.settings.contains(key)) changed.insert(key);
  }
  return changed;
}

std::string path_of(const std::string& group) { return "groups." + group + "."; }

std::string path_of(const std::string& group, const std::string& target) {
  return path_of(group) + "targets." + target + ".";
}

/// "groups.G.targets.NAME.KEY".
std::set<std::string> targets_of(const std::set<std::string>& keys, const std::string& group) {
  const std::string all = path_of(group) + "targets.";
  std::set<std::string> names;
  for (const std::string& key : keys) {
    const std::size_t end = key.rfind('.');
    if (key.starts_with(all) && end > all.size()) {
      names.insert(key.substr(all.size(), end - all.size()));
    }
  }
  return names;
}

const ReplicaTarget* find(const ReplicationConfig& group, const std::string& target) {
  const auto found = std::ranges::find(group.targets, target, &ReplicaTarget::name);
  return found == group.targets.end() ? nullptr : &*found;
}

}  // namespace

Rate rate_of(const ApiConfig& api) {
  const std::uint32_t burst = api.rate_burst > 0 ? api.rate_burst : 2 * api.rate_limit;
  return {.per_second = static_cast<double>(api.rate_limit), .burst = static_cast<double>(burst)};
}

Reload::Reload(const Parts& parts, const Config& fresh)
    : parts_(parts), fresh_(fresh), changed_(changed_keys(parts.config, fresh)) {}

asio::awaitable<ReloadReport> Reload::run() {
  take_log();
  take_api();
  take_node();
  take_new_stores();
  for (const ReplicationConfig& group : fresh_.groups) {
    if (has_changed(path_of(group.name))) co_await take_group(group);
  }
  drop_old_stores();
  refused("", "takes a restart");
  std::ranges::sort(report_.applied);
  std::ranges::sort(report_.refused, {}, &ReloadReport::Refused::key);
  co_return std::move(report_);
}

void Reload::take_log() {
  if (!has_changed("log.")) return;
  parts_.config.log = fresh_.log;
  parts_.log.configure(fresh_.log);
  applied("log.");
}

void Reload::take_api() {
  ApiConfig& api = parts_.config.api;
  const ApiConfig& wanted = fresh_.api;
  for (const char* token : {"api.read_token", "api.operate_token"}) {
    if (!has_changed(token)) continue;
    api.read_token = wanted.read_token;
    api.operate_token = wanted.operate_token;
    applied(token);
  }
  if (has_changed("api.rate_")) {
    api.rate_limit = wanted.rate_limit;
    api.rate_burst = wanted.rate_burst;
    parts_.rate_limit.configure(rate_of(api));
    applied("api.rate_");
  }
  api.max_body = wanted.max_body;
  api.request_timeout = wanted.request_timeout;
  api.metrics_alias = wanted.metrics_alias;
  for (const char* key : {"api.max_body", "api.request_timeout", "api.metrics_alias"}) {
    applied(key);
  }
}

void Reload::take_node() {
  parts_.config.node.drain = fresh_.node.drain;
  applied("node.drain");
}

/// Before the targets that need them.
void Reload::take_new_stores() {
  for (const auto& [name, spec] : fresh_.stores) {
    if (!parts_.config.stores.try_emplace(name, spec).second) continue;
    applied("stores." + name + ".");
  }
}

/// Whoever still has one keeps it.
void Reload::drop_old_stores() {
  const auto is_old = [this](const auto& store) { return !fresh_.stores.contains(store.first); };
  for (const auto& store : parts_.config.stores) {
    if (is_old(store)) applied("stores." + store.first + ".");
  }
  std::erase_if(parts_.config.stores, is_old);
}

asio::awaitable<void> Reload::take_group(const ReplicationConfig& wanted) {
  const auto group = parts_.groups.find(wanted.name);
  // A new one takes a restart.
  if (!group) co_return;
  co_await take_alerts(**group, wanted);
  const std::set<std::string> names = targets_of(changed_, wanted.name);
  // Those that go last: another may be wanted in their stead, and then there are enough.
  for (const bool stays : {true, false}) {
    for (const std::string& name : names) {
      const ReplicaTarget* target = find(wanted, name);
      if ((target != nullptr) == stays) co_await take_target(**group, name, target);
    }
  }
}

asio::awaitable<void> Reload::take_alerts(ServedGroup& group, const ReplicationConfig& wanted) {
  const std::string path = path_of(wanted.name);
  if (!has_changed(path + "lag_alert") && !has_changed(path + "queue_alert")) co_return;
  const auto set = co_await parts_.groups.set_alerts(group, wanted.alerts);
  settle(path + "lag_alert", set);
  settle(path + "queue_alert", set);
}

/// `wanted` is null for one that the config has no more.
asio::awaitable<void> Reload::take_target(ServedGroup& group, const std::string& name,
                                          const ReplicaTarget* wanted) {
  const std::string path = path_of(group.config->name, name);
  const ReplicaTarget* served = find(*group.config, name);
  if (wanted != nullptr && served == nullptr) {
    const auto added = co_await parts_.groups.add_target(group, *wanted);
    settle(path, added);
  } else if (wanted == nullptr && served != nullptr) {
    const auto removed = co_await parts_.groups.remove_target(group, name);
    settle(path, removed);
  } else if (wanted != nullptr && was_there(path)) {
    co_await take_workers(group, *wanted);
  } else if (wanted != nullptr && wanted->url != served->url) {
    refused(path, "a target of that name was added with another store");
  } else {
    applied(path);  // an operator has done it already
  }
}

asio::awaitable<void> Reload::take_workers(ServedGroup& group, const ReplicaTarget& wanted) {
  const std::string path = path_of(group.config->name, wanted.name);
  if (!has_changed(path + "workers") && !has_changed(path + "most_workers")) co_return;
  const WorkerBounds bounds{.least = wanted.workers, .most = wanted.most_workers};
  const auto set = co_await parts_.groups.set_workers(group, wanted.name, bounds);
  settle(path + "workers", set);
  settle(path + "most_workers", set);
}

bool Reload::has_changed(const std::string& prefix) const {
  const auto first = changed_.lower_bound(prefix);
  return first != changed_.end() && first->starts_with(prefix);
}

/// In the config that holds now.
bool Reload::was_there(const std::string& prefix) const {
  const auto first = parts_.config.settings.lower_bound(prefix);
  return first != parts_.config.settings.end() && first->first.starts_with(prefix);
}

/// What has changed of it.
void Reload::applied(const std::string& prefix) {
  auto& now = parts_.config.settings;
  for (auto key = changed_.lower_bound(prefix);
       key != changed_.end() && key->starts_with(prefix);) {
    // Another reload compares with what holds now; what was refused is refused again.
    const auto value = fresh_.settings.find(*key);
    if (value == fresh_.settings.end()) {
      now.erase(*key);
    } else {
      now[*key] = value->second;
    }
    report_.applied.push_back(*key);
    key = changed_.erase(key);
  }
}

void Reload::refused(const std::string& prefix, const std::string& why) {
  for (auto key = changed_.lower_bound(prefix);
       key != changed_.end() && key->starts_with(prefix);) {
    report_.refused.push_back({*key, why});
    key = changed_.erase(key);
  }
}

void Reload::settle(const std::string& prefix, const Result<void>& result) {
  if (result) {
    applied(prefix);
  } else {
    refused(prefix, result.error().to_string());
  }
}

}  // namespace godwit::service
