#include <utility>

#include "service/config.h"
#include "service/value.h"

namespace godwit::service {
namespace {

/// Takes a variable as a key would have it; nothing where it is not set, or empty.
template <class Take>
Result<void> take_variable(World& world, const std::string& name, Take take) {
  auto text = world.environment(name);
  if (!text || text->empty()) return {};
  Result<void> taken = take(Value{world, *std::move(text), true});
  if (!taken) return fail(std::move(taken).error().because_of("$" + name));
  return {};
}

struct Side {
  std::string region;
  StoreSpec spec;
};

Result<Side> side_of(World& world, const std::string& prefix) {
  const auto text = [&world, &prefix](const char* name) {
    return world.environment(prefix + name).value_or("");
  };
  Side side{.region = text("_REGION")};
  side.spec.scheme = "s3";
  side.spec.name = text("_BUCKET");
  const std::string endpoint = text("_ENDPOINT");
  if (side.spec.name.empty())
    return fail(Code::invalid_argument, "$" + prefix + "_BUCKET is empty");
  if (side.region.empty()) return fail(Code::invalid_argument, "$" + prefix + "_REGION is empty");
  side.spec.options["region"] = side.region;
  if (!endpoint.empty()) side.spec.options["endpoint"] = endpoint;
  const std::string access_key = world.environment("DO_SPACES_KEY").value_or("");
  const std::string secret_key = world.environment("DO_SPACES_SECRET").value_or("");
  if (access_key.empty() != secret_key.empty()) {
    return fail(Error(Code::invalid_argument, "of $DO_SPACES_KEY and $DO_SPACES_SECRET one is set")
                    .with_hint("set both, or neither"));
  }
  if (!access_key.empty()) {
    side.spec.secrets = {{"access_key", access_key}, {"secret_key", secret_key}};
  }
  auto legal = parse_store_url(side.spec.to_url(), "/");
  if (!legal) return fail(std::move(legal).error().because_of("$" + prefix + "_BUCKET"));
  return side;
}

}  // namespace

const std::vector<KeyInfo>& group_variables() {
  static const std::vector<KeyInfo> variables = {
      {"PRIMARY_REGION", "text", "", "the region of the primary"},
      {"PRIMARY_ENDPOINT", "text", "", "its URL (default: that of AWS for the region)"},
      {"PRIMARY_BUCKET", "text", "", "its bucket"},
      {"SECONDARY_REGION", "text", "", "the same of the target"},
      {"SECONDARY_ENDPOINT", "text", "", ""},
      {"SECONDARY_BUCKET", "text", "", ""},
      {"DO_SPACES_KEY", "text", "", "the access key of both (default: as any S3 store finds one)"},
      {"DO_SPACES_SECRET", "text", "", "the secret key of both"},
      {"REPLICATION_MAX_WORKERS", "number", "5", "deliveries at once"},
      {"REPLICATION_LAG_THRESHOLD", "number", "300", "seconds of lag after which an event says so"},
      {"REPLICATION_RETRY_MAX", "number", "3", "attempts, then a write is a dead letter"}};
  return variables;
}

Result<void> add_group_of_environment(World& world, Config& config) {
  const bool set = world.environment("PRIMARY_BUCKET") || world.environment("SECONDARY_BUCKET");
  if (!config.groups.empty() || !set) return {};
  GODWIT_TRY(const Side primary, side_of(world, "PRIMARY"));
  GODWIT_TRY(const Side secondary, side_of(world, "SECONDARY"));
  config.stores = {{"primary", primary.spec}, {"secondary", secondary.spec}};
  ReplicationConfig group;
  group.name = "backups";
  group.data_dir = config.node.data_dir + "/" + group.name;
  group.region = config.node.region;
  group.ca_file = config.node.ca_file;
  group.primary = {.name = "primary",
                   .url = primary.spec.to_url(),
                   .region = primary.region,
                   .secrets = primary.spec.secrets};
  group.alerts.lag = std::chrono::seconds(300);
  ReplicaTarget target{.name = "secondary",
                       .url = secondary.spec.to_url(),
                       .region = secondary.region,
                       .max_retry_attempts = 3,
                       .workers = 5,
                       .most_workers = 0,
                       .secrets = secondary.spec.secrets};
  GODWIT_CHECK(take_variable(world, "REPLICATION_MAX_WORKERS", [&target](const Value& value) {
    return read_value(value, target.workers);
  }));
  GODWIT_CHECK(take_variable(world, "REPLICATION_RETRY_MAX", [&target](const Value& value) {
    return read_value(value, target.max_retry_attempts);
  }));
  GODWIT_CHECK(take_variable(world, "REPLICATION_LAG_THRESHOLD", [&group](const Value& value) {
    return read_units(value, std::chrono::seconds(1), *group.alerts.lag);
  }));
  group.targets.push_back(std::move(target));
  auto valid = group.validate();
  if (!valid) return fail(std::move(valid).error().because_of("the group of the environment"));
  config.groups.push_back(std::move(group));
  return {};
}

}  // namespace godwit::service
