#include "service/config.h"

#include <gtest/gtest.h>

#include "service/value.h"
#include "support/fake_world.h"
#include "world/real/real_world.h"

namespace godwit::service {
namespace {

using namespace std::chrono_literals;
using test::FakeWorld;

constexpr const char* kTwoStores =
    "[node]\nregion = \"sgp1\"\ndata_dir = \"/d\"\n"
    "[stores.sgp1]\nurl = \"s3://a?region=sgp1\"\naccess_key = \"ID\"\nsecret_key = \"HIDDEN\"\n"
    "[stores.nyc3]\nurl = \"file:///b\"\n";

std::string message_of(World& world, const std::string& text) {
  const auto config = parse_config(world, text, "f.toml");
  return config ? std::string("fine") : config.error().to_string();
}

testing::AssertionResult says(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "'" << text << "' lacks '" << part << "'";
}

TEST(ServiceConfig, errors_name_file_line_and_nearest_key) {
  FakeWorld world;
  const auto message = [&world](const std::string& text) { return message_of(world, text); };
  EXPECT_EQ(message("[stores.a]\nurl = \"s3://bucket\"\n"), "fine");
  EXPECT_TRUE(says(message("[stores.a]\nurl = \"s3://bucket\"\nacess_key = \"x\"\n"),
                   "f.toml:3: 'acess_key' is not a key of stores.a (did you mean 'access_key'?)"));
  EXPECT_TRUE(says(message("[store.a]\n"), "did you mean 'stores'?"));
  EXPECT_TRUE(says(message("[stores.a]\nurl = 5\n"), "f.toml:2: 'url': must be text"));
  EXPECT_TRUE(says(message("[stores.a]\n"), "has no url"));
  EXPECT_TRUE(says(message("[stores.a]\nurl = \"s3:\"\n"), "f.toml:"));
  EXPECT_TRUE(says(message("x = = y"), "f.toml:1"));
  EXPECT_TRUE(says(message("[api]\nlisten = [1]\n"), "f.toml:2: 'listen' cannot be"));
  EXPECT_TRUE(says(message("[node]\ndrain = \"soon\"\n"), "f.toml:2: 'drain': "));
  EXPECT_TRUE(says(message("[node]\ndrain = 5\n"), "duration in quotes"));
  EXPECT_TRUE(says(message("[api]\nmax_connections = -1\n"), "f.toml:2: 'max_connections'"));
  EXPECT_TRUE(says(message("[log]\nlevel = \"wraning\"\n"), "did you mean 'warning'?"));
  EXPECT_TRUE(says(message("groups = 1\n"), "f.toml:1: 'groups' must be a table"));
}

TEST(ServiceConfig, secrets_come_from_variables_from_files_and_from_the_text_itself) {
  FakeWorld world;
  world.variables["ID"] = "from-variable";
  world.write("secret", "from-file\r\n");
  world.write("credential", "from-systemd\n");
  world.variables["CREDENTIALS_DIRECTORY"] = world.path("");
  const std::string store = "[stores.a]\nurl = \"s3://bucket\"\n";
  const auto config = parse_config(world,
                                   "[api]\noperate_token_file = \"credential\"\n" + store +
                                       "access_key_env = \"ID\"\nsecret_key_file = \"" +
                                       world.path("secret") + "\"\nsession_token = \"from-text\"\n",
                                   "f");
  ASSERT_TRUE(config) << config.error().to_string();
  EXPECT_EQ(config->stores.at("a").secrets,
            (std::map<std::string, std::string>{{"access_key", "from-variable"},
                                                {"secret_key", "from-file"},
                                                {"session_token", "from-text"}}));
  EXPECT_EQ(config->api.operate_token, "from-systemd");
  world.variables.erase("CREDENTIALS_DIRECTORY");
  for (const char* key : {"access_key_env = \"NOT_SET\"", "secret_key_file = \"/nonexistent\"",
                          "secret_key_file = \"relative\"", "secret_key = 5"}) {
    const auto refused = parse_config(world, store + key, "f");
    ASSERT_FALSE(refused) << key;
    EXPECT_EQ(refused.error().code(), Code::invalid_argument) << key;
    EXPECT_TRUE(refused.error().message().starts_with("f:3: ")) << refused.error().message();
  }
}

TEST(ServiceConfig, how_a_store_is_coded_is_said_in_its_table_and_goes_with_its_url) {
  FakeWorld world;
  const std::string store = "[stores.a]\nurl = \"s3://bucket\"\n";
  const auto config = parse_config(world,
                                   store +
                                       "compression = \"zstd\"\ncompression_level = 9\n"
                                       "compression_min_size = \"1MiB\"\n"
                                       "encryption_key_file = \"/etc/godwit/keys\"\n",
                                   "f");
  ASSERT_TRUE(config) << config.error().to_string();
  EXPECT_EQ(config->stores.at("a").to_url(),
            "s3://bucket?compression=zstd&compression_level=9&compression_min_size=1MiB&"
            "encryption_key_file=/etc/godwit/keys");
  EXPECT_TRUE(
      says(message_of(world, store + "compression = \"zst\"\n"), "f.toml:3: 'compression'"));
  EXPECT_TRUE(says(message_of(world, store + "compression = \"gzip\"\ncompression_level = 12\n"),
                   "f.toml:4: 'compression_level': '12' is none of gzip (1 to 9)"));
}

TEST(ServiceConfig, a_group_is_made_of_named_stores_with_their_secrets) {
  FakeWorld world;
  const auto config = parse_config(
      world,
      std::string(kTwoStores) +
          "[groups.backups]\nprimary = \"sgp1\"\nmode = \"semi_sync\"\nmin_sync_replicas = 1\n"
          "read_preference = \"nearest\"\nconflict_resolution = \"manual\"\n"
          "max_replication_lag_ms = 2500\nlag_alert = \"5m\"\nenable_failover = false\n"
          "failover_cooldown = \"10m\"\nhealth_check_interval_seconds = 0.5\n"
          "targets = [{ store = \"nyc3\", region = \"us\", priority = 3, workers = 2, "
          "sync_timeout_seconds = 7, max_retry_attempts = 4 }]\n",
      "f");
  ASSERT_TRUE(config) << config.error().to_string();
  ASSERT_EQ(config->groups.size(), 1U);
  const ReplicationConfig& group = config->groups[0];
  EXPECT_EQ(group.name, "backups");
  EXPECT_EQ(group.data_dir, "/d/backups");
  EXPECT_EQ(group.region, "sgp1");
  EXPECT_EQ(group.primary.name, "sgp1");
  EXPECT_EQ(group.primary.region, "sgp1");
  EXPECT_EQ(group.primary.secrets.at("secret_key"), "HIDDEN");
  EXPECT_EQ(group.primary.url.find("HIDDEN"), std::string::npos);
  EXPECT_EQ(group.mode, Mode::semi_sync);
  EXPECT_EQ(group.read_preference, ReadPreference::nearest);
  EXPECT_EQ(group.conflict_resolution, ConflictPolicy::manual);
  EXPECT_EQ(group.max_replication_lag, 2500ms);
  EXPECT_EQ(group.alerts.lag, Duration(5min));
  EXPECT_FALSE(group.failover.automatic);
  EXPECT_EQ(group.failover.cooldown, 10min);
  EXPECT_EQ(group.health_check_interval, 500ms);
  ASSERT_EQ(group.targets.size(), 1U);
  const ReplicaTarget& target = group.targets[0];
  EXPECT_EQ(target.name, "nyc3");
  EXPECT_EQ(target.region, "us");
  EXPECT_EQ(target.url, "file:///b");
  EXPECT_EQ(target.priority, 3);
  EXPECT_EQ(target.workers, 2U);
  EXPECT_EQ(target.sync_timeout, 7s);
  EXPECT_EQ(target.max_retry_attempts, 4U);
}

TEST(ServiceConfig, what_is_wrong_with_a_group_is_told_at_its_line) {
  FakeWorld world;
  const auto message = [&world](const std::string& group) {
    return message_of(world, std::string(kTwoStores) + "[groups.g]\n" + group);
  };
  EXPECT_EQ(message("primary = \"sgp1\"\n"), "fine");
  EXPECT_TRUE(says(message("mode = \"sync\"\n"), "f.toml:10: 'primary' is missing"));
  EXPECT_TRUE(says(message("primary = \"sgp2\"\n"),
                   "f.toml:11: 'primary': there is no [stores.sgp2] (did you mean 'sgp1'?)"));
  EXPECT_TRUE(says(message("primary = \"sgp1\"\nmode = \"semisync\"\n"),
                   "f.toml:12: 'mode': 'semisync' is not one of its values (did you mean "
                   "'semi_sync'?)"));
  EXPECT_TRUE(says(message("primary = \"sgp1\"\ntargets = [{ store = \"nyc\" }]\n"),
                   "f.toml:12: 'store': there is no [stores.nyc] (did you mean 'nyc3'?)"));
  EXPECT_TRUE(says(message("primary = \"sgp1\"\ntargets = [{ stor = \"nyc3\" }]\n"),
                   "did you mean 'store'?"));
  EXPECT_TRUE(says(message("primary = \"sgp1\"\ntargets = \"nyc3\"\n"), "array of tables"));
  // Found when the group is looked at as a whole, and told at the key it names.
  EXPECT_TRUE(says(message("primary = \"sgp1\"\nmode = \"semi_sync\"\nmin_sync_replicas = 3\n"
                           "targets = [{ store = \"nyc3\" }]\n"),
                   "f.toml:13: min_sync_replicas"));
  EXPECT_TRUE(says(message("primary = \"sgp1\"\nmax_clock_drift = \"-1s\"\n"), "f.toml:12: "));
}

TEST(ServiceConfig, the_file_is_stronger_than_the_environment_and_flags_than_both) {
  FakeWorld world;
  world.variables = {{"GODWIT_API_LISTEN", "127.0.0.1:1"},
                     {"GODWIT_NODE_NAME", "from-environment"},
                     {"GODWIT_NODE_DATA_DIR", "/environment"},
                     {"GODWIT_API_MAX_CONNECTIONS", "5"}};
  const std::string text =
      "[api]\nlisten = \"127.0.0.1:2\"\n[node]\ndata_dir = \"/file\"\n"
      "[stores.a]\nurl = \"file:///a\"\n[groups.g]\nprimary = \"a\"\n";
  const auto config = parse_config(world, text, "f", {{"node.data_dir", "/flag"}});
  ASSERT_TRUE(config) << config.error().to_string();
  EXPECT_EQ(config->node.name, "from-environment");
  EXPECT_EQ(config->api.listen, "127.0.0.1:2");
  EXPECT_EQ(config->api.max_connections, 5U);
  EXPECT_EQ(config->groups.at(0).data_dir, "/flag/g");

  const auto unknown = parse_config(world, text, "f", {{"api.lisen", "x"}});
  ASSERT_FALSE(unknown);
  EXPECT_TRUE(says(unknown.error().to_string(), "did you mean 'api.listen'?"));
  world.variables["GODWIT_API_MAX_CONNECTIONS"] = "many";
  const auto wrong = parse_config(world, text, "f");
  ASSERT_FALSE(wrong);
  EXPECT_TRUE(says(wrong.error().to_string(), "$GODWIT_API_MAX_CONNECTIONS: "));
}

TEST(ServiceConfig, every_key_of_the_reference_is_read_and_its_default_is_what_it_says) {
  FakeWorld world;
  for (const SectionInfo& section : config_sections()) {
    for (const KeyInfo& key : section.keys) {
      EXPECT_FALSE(key.help.empty()) << section.name << " " << key.name;
      EXPECT_FALSE(key.values.empty()) << section.name << " " << key.name;
    }
  }
  for (const SectionInfo& section : config_sections()) {
    if (section.name.find('.') != std::string::npos) continue;
    for (const KeyInfo& key : section.keys) {
      if (key.fallback.empty()) continue;
      const bool number = key.values == "number";
      const std::string quote = number ? "" : "\"";
      const std::string text =
          "[" + section.name + "]\n" + key.name + " = " + quote + key.fallback + quote + "\n";
      EXPECT_EQ(message_of(world, text), "fine") << text;
    }
  }
}

TEST(ServiceConfig, without_a_file_the_variables_of_the_guide_make_a_group) {
  FakeWorld world;
  Config config;
  ASSERT_TRUE(add_group_of_environment(world, config));
  EXPECT_TRUE(config.groups.empty());
  world.variables = {{"PRIMARY_REGION", "sgp1"},
                     {"PRIMARY_ENDPOINT", "https://sgp1.digitaloceanspaces.com"},
                     {"PRIMARY_BUCKET", "genesis-backups-sgp1"},
                     {"SECONDARY_REGION", "nyc3"},
                     {"SECONDARY_ENDPOINT", "https://nyc3.digitaloceanspaces.com"},
                     {"SECONDARY_BUCKET", "genesis-backups-nyc3"},
                     {"DO_SPACES_KEY", "ID"},
                     {"DO_SPACES_SECRET", "HIDDEN"},
                     {"REPLICATION_MAX_WORKERS", "7"},
                     {"REPLICATION_LAG_THRESHOLD", "120"},
                     {"REPLICATION_RETRY_MAX", "2"}};
  ASSERT_TRUE(add_group_of_environment(world, config));
  ASSERT_EQ(config.groups.size(), 1U);
  const ReplicationConfig& group = config.groups[0];
  EXPECT_EQ(group.name, "backups");
  EXPECT_EQ(group.primary.region, "sgp1");
  EXPECT_TRUE(says(group.primary.url, "s3://genesis-backups-sgp1"));
  EXPECT_TRUE(says(group.primary.url, "sgp1.digitaloceanspaces.com"));
  EXPECT_EQ(group.primary.secrets.at("secret_key"), "HIDDEN");
  EXPECT_EQ(group.alerts.lag, Duration(120s));
  ASSERT_EQ(group.targets.size(), 1U);
  EXPECT_EQ(group.targets[0].region, "nyc3");
  EXPECT_EQ(group.targets[0].workers, 7U);
  EXPECT_EQ(group.targets[0].max_retry_attempts, 2U);

  const auto refused = [&world](const char* name, const char* value) {
    FakeWorld other;
    other.variables = world.variables;
    other.variables[name] = value;
    Config none;
    const auto made = add_group_of_environment(other, none);
    return made ? std::string("fine") : made.error().to_string();
  };
  EXPECT_TRUE(says(refused("REPLICATION_MAX_WORKERS", "five"), "$REPLICATION_MAX_WORKERS: "));
  EXPECT_TRUE(says(refused("SECONDARY_BUCKET", ""), "$SECONDARY_BUCKET is empty"));
  EXPECT_TRUE(says(refused("DO_SPACES_SECRET", ""), "$DO_SPACES_SECRET"));
}

}  // namespace
}  // namespace godwit::service
