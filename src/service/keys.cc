#include "service/keys.h"

#include <algorithm>
#include <sstream>

#include "base/suggest.h"
#include "store/coding/coding_spec.h"

namespace godwit::service {
namespace {

/// A key whose values are what the type of `field(T&)` says, and whose default is a new T's.
template <class T, class Field>
Key<T> key(const std::string& name, const Field& field, const std::string& help) {
  T fresh{};
  auto& value = field(fresh);
  Key<T> made{
      .info = {
          .name = name, .values = values_of(value), .fallback = show_value(value), .help = help}};
  made.take = [field](T& into, const Value& given) { return read_value(given, field(into)); };
  return made;
}

template <class T, class Field>
Key<T> size_key(const std::string& name, const Field& field, const std::string& help) {
  T fresh{};
  Key<T> made{
      .info = {.name = name, .values = "size", .fallback = show_size(field(fresh)), .help = help}};
  made.take = [field](T& into, const Value& given) { return read_size(given, field(into)); };
  return made;
}

/// A duration that is told as a number; the unit is in the key's name.
template <class T, class Field>
Key<T> unit_key(const std::string& name, Duration unit, const Field& field,
                const std::string& help) {
  T fresh{};
  Key<T> made{.info = {.name = name,
                       .values = "number",
                       .fallback = show_units(field(fresh), unit),
                       .help = help}};
  made.take = [field, unit](T& into, const Value& given) {
    return read_units(given, unit, field(into));
  };
  return made;
}

template <class T, class Field>
Key<T> secret_key(const std::string& name, SecretIn where, const Field& field,
                  const std::string& help) {
  Key<T> made{.info = {.name = name, .values = "text", .help = help}};
  made.take = [field, where](T& into, const Value& given) {
    return read_secret(given, where, field(into));
  };
  return made;
}

/// NAME_env, NAME_file and NAME itself.
template <class T, class Field>
void add_secret(Keys<T>& keys, const std::string& name, const Field& field,
                const std::string& what) {
  keys.push_back(secret_key<T>(name + "_env", SecretIn::variable, field,
                               "name of the environment variable that holds " + what));
  keys.push_back(secret_key<T>(name + "_file", SecretIn::file, field,
                               "a file that holds " + what +
                                   "; a name without `/` at its start: "
                                   "of `$CREDENTIALS_DIRECTORY`"));
  keys.push_back(
      secret_key<T>(name, SecretIn::value, field, what + ", in the file: keep it private"));
}

Keys<NodeConfig> make_node_keys() {
  using T = NodeConfig;
  const auto text = [](const char* name, std::string T::* field, const char* help) {
    return key<T>(name, [field](T& t) -> auto& { return t.*field; }, help);
  };
  return {
      text("name", &T::name, "of this node, in logs"),
      text("region", &T::region, "where this node runs, for `read_preference = \"nearest\"`"),
      text("data_dir", &T::data_dir, "for journals, and for who is primary; one process at a time"),
      text("ca_file", &T::ca_file, "PEM file of further authorities for stores over https"),
      key<T>(
          "drain", [](T& t) -> auto& { return t.drain; },
          "how long a stop waits until every target has everything"),
      key<T>(
          "event_loops", [](T& t) -> auto& { return t.event_loops; },
          "threads that the groups share, beside those for what blocks; 0: one for each CPU")};
}

Keys<ApiConfig> make_api_keys() {
  using T = ApiConfig;
  Keys<T> keys = {key<T>(
      "listen", [](T& t) -> auto& { return t.listen; },
      "ADDRESS:PORT; an address that is not of this machine alone needs an "
      "operate token")};
  add_secret<T>(
      keys, "read_token", [](T& t) -> auto& { return t.read_token; },
      "the bearer token for those who may look");
  add_secret<T>(
      keys, "operate_token", [](T& t) -> auto& { return t.operate_token; },
      "the bearer token for those who may change things");
  keys.push_back(key<T>(
      "certificate_file", [](T& t) -> auto& { return t.certificate_file; },
      "PEM chain for https (default: plain http)"));
  keys.push_back(key<T>(
      "key_file", [](T& t) -> auto& { return t.key_file; },
      "PEM key of that (default: it is in the same file)"));
  keys.push_back(size_key<T>(
      "max_body", [](T& t) -> auto& { return t.max_body; }, "the largest object that can be put"));
  keys.push_back(key<T>(
      "max_connections", [](T& t) -> auto& { return t.max_connections; },
      "at once; further ones are turned away with 503"));
  keys.push_back(key<T>(
      "request_timeout", [](T& t) -> auto& { return t.request_timeout; },
      "of calls for objects and lists, unless the request names one"));
  keys.push_back(key<T>(
      "rate_limit", [](T& t) -> auto& { return t.rate_limit; },
      "calls a second of each token, or without one of each address; more are answered with 429; "
      "0: as many as they like; can be reloaded"));
  keys.push_back(key<T>(
      "rate_burst", [](T& t) -> auto& { return t.rate_burst; },
      "so many of them at once; 0: those of two seconds; can be reloaded"));
  keys.push_back(key<T>(
      "metrics_alias", [](T& t) -> auto& { return t.metrics_alias; },
      "a prefix under which `/metrics` has four series more: "
      "`genesis_replication_` makes the queries of that guide run as printed"));
  return keys;
}

Keys<LogConfig> make_log_keys() {
  using T = LogConfig;
  return {
      key<T>(
          "level", [](T& t) -> auto& { return t.level; }, "the least that is told"),
      key<T>(
          "format", [](T& t) -> auto& { return t.format; }, "of the lines on standard error"),
      key<T>(
          "slow", [](T& t) -> auto& { return t.slow; },
          "a request, or a call of a store, that takes longer is told as a warning; `0s`: none; "
          "of stores it takes a restart")};
}

/// An option of every store's URL: what it says is judged there.
Key<StoreDraft> coding_key(const OptionInfo& option) {
  Key<StoreDraft> made{
      .info = {
          .name = option.name, .values = "text", .fallback = option.fallback, .help = option.help}};
  if (!option.choices.empty()) {
    made.info.fallback = option.choices.front();
    made.info.values.clear();
    for (const std::string& choice : option.choices) {
      made.info.values += (made.info.values.empty() ? "`" : ", `") + choice + "`";
    }
  }
  made.take = [name = option.name](StoreDraft& into, const Value& given) -> Result<void> {
    const auto* number = std::get_if<std::int64_t>(&given.any);
    std::string& text = into.coding[name];
    if (number == nullptr) return read_value(given, text);
    text = std::to_string(*number);
    return {};
  };
  return made;
}

Keys<StoreDraft> make_store_keys() {
  using T = StoreDraft;
  Keys<T> keys = {
      key<T>("url", [](T& t) -> auto& { return t.url; }, "required; any [store URL](stores.md)")};
  const auto secret = [&keys](const std::string& name, const std::string& what) {
    add_secret<T>(keys, name, [name](T& t) -> auto& { return t.secrets[name]; }, what);
  };
  secret("access_key", "the access key");
  secret("secret_key", "the secret key");
  secret("session_token", "the session token");
  for (const OptionInfo& option : coding::coding_options()) keys.push_back(coding_key(option));
  return keys;
}

/// What happens to writes and reads.
Keys<GroupDraft> make_group_keys() {
  using T = GroupDraft;
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  Keys<T> keys = {
      key<T>(
          "primary", [](T& t) -> auto& { return t.primary; },
          "required; the store of `[stores]` that takes the writes in the beginning"),
      key<T>(
          "primary_region", [](T& t) -> auto& { return t.primary_region; },
          "the region of that store (default: the store's name)"),
      key<T>(
          "mode", [](T& t) -> auto& { return t.config.mode; },
          "when a write is acknowledged: all targets have it, `min_sync_replicas` of them, or "
          "the primary alone"),
      key<T>(
          "min_sync_replicas", [](T& t) -> auto& { return t.config.min_sync_replicas; },
          "targets that a write waits for with `semi_sync`"),
      key<T>(
          "on_insufficient_acks", [](T& t) -> auto& { return t.config.on_insufficient_acks; },
          "of a write that too few targets have acknowledged in time; it stays either way"),
      key<T>(
          "read_preference", [](T& t) -> auto& { return t.config.read_preference; },
          "from where reads are answered"),
      key<T>(
          "conflict_resolution", [](T& t) -> auto& { return t.config.conflict_resolution; },
          "of two states of a key of which neither writer had seen the other"),
      key<T>(
          "merger", [](T& t) -> auto& { return t.config.merger; },
          "for `merge`: `json`, `counter`, `set`, `max` or `min`"),
      unit_key<T>(
          "max_replication_lag_ms", milliseconds(1),
          [](T& t) -> auto& { return t.config.max_replication_lag; },
          "a target that lags more is not read"),
      key<T>(
          "queue_alert", [](T& t) -> auto& { return t.config.alerts.queue; },
          "when more waits for a target an event says so; can be reloaded"),
      key<T>(
          "max_clock_drift", [](T& t) -> auto& { return t.config.max_clock_drift; },
          "of other clocks that is believed"),
      unit_key<T>(
          "health_check_interval_seconds", seconds(1),
          [](T& t) -> auto& { return t.config.health_check_interval; },
          "between probes of each store"),
      key<T>(
          "health_check_timeout", [](T& t) -> auto& { return t.config.health_check_timeout; },
          "of a probe"),
      key<T>(
          "late_write_window", [](T& t) -> auto& { return t.config.late_write_window; },
          "for so long a write whose answer was lost may still appear"),
      key<T>(
          "max_backlog", [](T& t) -> auto& { return t.config.max_backlog; },
          "tasks of one target; more become one comparison"),
      key<T>(
          "journal_payload", [](T& t) -> auto& { return t.config.payload.keep; },
          "`inline`: small bodies stay in the journal until all targets have them, so that a "
          "failover loses none of them"),
      size_key<T>(
          "journal_payload_max_body", [](T& t) -> auto& { return t.config.payload.max_body; },
          "larger bodies are not kept there"),
      size_key<T>(
          "journal_payload_limit", [](T& t) -> auto& { return t.config.payload.limit; },
          "of all that are kept; what comes when it is full is not"),
      key<T>(
          "call_timeout", [](T& t) -> auto& { return t.config.call_timeout; },
          "of calls that name none"),
      key<T>(
          "max_pending_calls", [](T& t) -> auto& { return t.config.max_pending_calls; },
          "further ones are refused")};
  Key<T> lag{.info = {.name = "lag_alert",
                      .values = "duration",
                      .help = "when a target lags more an event says so (default: "
                              "`max_replication_lag_ms`); can be reloaded"}};
  lag.take = [](T& into, const Value& given) {
    return read_value(given, into.config.alerts.lag.emplace());
  };
  keys.push_back(std::move(lag));
  return keys;
}

/// "webhook, scan, inotify".
Result<void> read_detectors(const Value& value, DetectConfig& into) {
  std::string text;
  GODWIT_CHECK(read_value(value, text));
  const std::vector<std::string> known{"webhook", "scan", "inotify"};
  std::ranges::replace(text, ',', ' ');
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (word == "webhook") {
      into.webhook = true;
    } else if (word == "scan") {
      into.scan = true;
    } else if (word == "inotify") {
      into.inotify = true;
    } else {
      return fail(Error(Code::invalid_argument, "'" + word + "' detects no changes")
                      .with_hint(suggest(word, known)));
    }
  }
  return {};
}

void add_detection_keys(Keys<GroupDraft>& keys) {
  using T = GroupDraft;
  Key<T> detectors{.info = {.name = "detect_changes",
                            .values = "text",
                            .help = "how what others write to the primary is found: `webhook`, "
                                    "`inotify` (of a directory), `scan`, or several with commas "
                                    "between; the primary is scanned once at the start too "
                                    "(default: not at all)"}};
  detectors.take = [](T& into, const Value& given) { return read_detectors(given, into.detect); };
  keys.push_back(std::move(detectors));
  keys.push_back(key<T>(
      "scan_interval", [](T& t) -> auto& { return t.detect.scan_interval; },
      "between scans of the primary; 0: 15 minutes with `scan`, none without"));
  keys.push_back(key<T>(
      "propagate_removals", [](T& t) -> auto& { return t.config.detection.propagate_removals; },
      "what others remove at the primary is removed from the targets too"));
  keys.push_back(key<T>(
      "most_removals", [](T& t) -> auto& { return t.config.detection.most_removals; },
      "of those that are believed in an hour; when there are more, an event says so and the "
      "targets keep them"));
  add_secret<T>(
      keys, "hook_secret", [](T& t) -> auto& { return t.detect.hook_secret; },
      "the secret with which senders of webhooks show who they are");
}

void add_failover_keys(Keys<GroupDraft>& keys) {
  using T = GroupDraft;
  keys.push_back(key<T>(
      "enable_failover", [](T& t) -> auto& { return t.config.failover.automatic; },
      "the primary moves by itself when it does not answer"));
  keys.push_back(key<T>(
      "failover_check_interval", [](T& t) -> auto& { return t.config.failover.check_interval; },
      "between looks at the primary; half of it after one that failed"));
  keys.push_back(key<T>(
      "failover_check_timeout", [](T& t) -> auto& { return t.config.failover.check_timeout; },
      "of a look"));
  keys.push_back(key<T>(
      "failover_detection_window", [](T& t) -> auto& { return t.config.failover.detection_window; },
      "silence after which the primary is lost"));
  keys.push_back(key<T>(
      "failover_cooldown", [](T& t) -> auto& { return t.config.failover.cooldown; },
      "between two moves that nobody asked for"));
  keys.push_back(key<T>(
      "failover_most_per_day", [](T& t) -> auto& { return t.config.failover.most_per_day; },
      "of such moves, by the UTC day"));
  keys.push_back({.info = {.name = kTargets,
                           .values = "array of tables",
                           .help = "the stores that get all writes; their keys are below"},
                  .take = [](T&, const Value&) { return Result<void>(); }});
}

Keys<TargetDraft> make_target_keys() {
  using T = TargetDraft;
  using std::chrono::seconds;
  return {
      key<T>(
          "name", [](T& t) -> auto& { return t.target.name; },
          "unique in the group (default: the store's name)"),
      key<T>(
          "store", [](T& t) -> auto& { return t.store; },
          "required; the store of `[stores]` that it is"),
      key<T>(
          "region", [](T& t) -> auto& { return t.target.region; },
          "where it is (default: the store's name)"),
      key<T>(
          "priority", [](T& t) -> auto& { return t.target.priority; },
          "of candidates in a failover: lower first"),
      key<T>(
          "is_read_replica", [](T& t) -> auto& { return t.target.is_read_replica; },
          "never primary, does not count for `min_sync_replicas`"),
      unit_key<T>(
          "sync_timeout_seconds", seconds(1), [](T& t) -> auto& { return t.target.sync_timeout; },
          "that a write waits for its acknowledgement"),
      key<T>(
          "max_retry_attempts", [](T& t) -> auto& { return t.target.max_retry_attempts; },
          "then a write is a dead letter"),
      unit_key<T>(
          "retry_delay_seconds", seconds(1), [](T& t) -> auto& { return t.target.retry_delay; },
          "before the second attempt; doubles, with jitter"),
      key<T>(
          "longest_retry_delay", [](T& t) -> auto& { return t.target.longest_retry_delay; },
          "between two attempts"),
      key<T>(
          "read_weight", [](T& t) -> auto& { return t.target.read_weight; },
          "its share of the reads of `secondary`, beside the others' weights; 0: none"),
      key<T>(
          "is_exclusive", [](T& t) -> auto& { return t.target.is_exclusive; },
          "nobody else writes there: removals need not look first, which halves their lag to what "
          "is far"),
      key<T>(
          "workers", [](T& t) -> auto& { return t.target.workers; },
          "deliveries at once; can be reloaded"),
      key<T>(
          "most_workers", [](T& t) -> auto& { return t.target.most_workers; },
          "so many where a backlog moves faster by it; 0: always `workers`; can be reloaded")};
}

}  // namespace

const Keys<NodeConfig>& node_keys() {
  static const Keys<NodeConfig> keys = make_node_keys();
  return keys;
}

const Keys<ApiConfig>& api_keys() {
  static const Keys<ApiConfig> keys = make_api_keys();
  return keys;
}

const Keys<LogConfig>& log_keys() {
  static const Keys<LogConfig> keys = make_log_keys();
  return keys;
}

const Keys<StoreDraft>& store_keys() {
  static const Keys<StoreDraft> keys = make_store_keys();
  return keys;
}

const Keys<GroupDraft>& group_keys() {
  static const Keys<GroupDraft> keys = [] {
    Keys<GroupDraft> made = make_group_keys();
    add_detection_keys(made);
    add_failover_keys(made);
    return made;
  }();
  return keys;
}

const Keys<TargetDraft>& target_keys() {
  static const Keys<TargetDraft> keys = make_target_keys();
  return keys;
}

}  // namespace godwit::service
