#include <gtest/gtest.h>

#include <sstream>

#include "cli/app.h"
#include "cli/config.h"
#include "cli/exit_code.h"
#include "cli/locations.h"
#include "cli/output.h"
#include "cli/progress_line.h"
#include "support/fake_world.h"
#include "world/real/real_world.h"

namespace godwit::cli {
namespace {

using namespace std::chrono_literals;

TEST(Locations, a_prefix_means_the_keys_below_it) {
  const Config config;
  EXPECT_EQ(parse_location("s3://b/logs", Names::tree, config, "/w")->spec.prefix, "logs/");
  EXPECT_EQ(parse_location("s3://b", Names::tree, config, "/w")->spec.prefix, "");
  EXPECT_EQ(parse_location("x/y", Names::tree, config, "/w")->spec.prefix, "/w/x/y");
}

TEST(Locations, an_object_has_a_key) {
  const Config config;
  EXPECT_EQ(parse_location("s3://b/p/q", Names::object, config, "/w")->key, "p/q");
  const Location file = parse_location("x/y", Names::object, config, "/w").value();
  EXPECT_EQ(file.key, "y");
  EXPECT_EQ(file.spec.prefix, "/w/x");
  EXPECT_FALSE(parse_location("s3://b", Names::object, config, "/w"));
}

TEST(Locations, a_destination_that_ends_in_a_slash_keeps_the_name) {
  const Config config;
  EXPECT_EQ(parse_destination("s3://b/d/?region=x", "f", config, "/w")->key, "d/f");
  EXPECT_EQ(parse_destination("s3://b", "f", config, "/w")->key, "f");
  EXPECT_EQ(parse_destination("s3://b/g", "f", config, "/w")->key, "g");
  EXPECT_EQ(parse_destination("d/", "f", config, "/w")->spec.prefix, "/w/d");
}

TEST(Locations, remotes_stand_for_stores_and_mistyped_ones_are_named) {
  Config config;
  config.remotes["prod"] = parse_store_url("s3://b/base", "/").value();
  config.remotes["rc"].scheme = "s3";
  EXPECT_EQ(parse_location("prod:x", Names::tree, config, "/w")->spec.prefix, "base/x/");
  EXPECT_EQ(parse_location("rc:bucket/x", Names::tree, config, "/w")->spec.name, "bucket");
  EXPECT_FALSE(parse_location("rc:", Names::tree, config, "/w"));
  const auto unknown = parse_location("prd:x", Names::tree, config, "/w");
  EXPECT_NE(unknown.error().to_string().find("did you mean 'prod'?"), std::string::npos);
}

TEST(Config, is_the_first_file_that_exists_or_the_one_that_is_named) {
  test::FakeWorld world;
  std::filesystem::create_directories(world.path(".config/godwit"));
  std::filesystem::create_directory(world.path("here"));
  world.write(".config/godwit/godwit.toml", "[stores.home]\nurl = \"s3://bucket\"\n");
  EXPECT_TRUE(load_config(world, "", world.path("here"))->remotes.contains("home"));
  world.write("here/godwit.toml", "[stores.here]\nurl = \"s3://bucket\"\n");
  EXPECT_TRUE(load_config(world, "", world.path("here"))->remotes.contains("here"));
  world.variables["GODWIT_CONFIG"] = world.path(".config/godwit/godwit.toml");
  EXPECT_TRUE(load_config(world, "", world.path("here"))->remotes.contains("home"));
  EXPECT_TRUE(load_config(world, world.path("here/godwit.toml"), "/")->remotes.contains("here"));
  EXPECT_FALSE(load_config(world, "/nonexistent", "/"));
}

TEST(Config, remotes_of_rclone_are_read_and_other_kinds_left_alone) {
  const auto remotes = parse_rclone(
      "[a]\ntype = s3\nendpoint = h:1\nregion = r\naccess_key_id = K\n"
      "secret_access_key = S\n[b]\ntype = drive\n[c]\ntype=local\n",
      "f");
  ASSERT_TRUE(remotes);
  EXPECT_EQ(remotes->at("a").options.at("endpoint"), "https://h:1");
  EXPECT_EQ(remotes->at("a").secrets.at("secret_key"), "S");
  EXPECT_EQ(remotes->at("a").to_url().find('S'), std::string::npos);
  EXPECT_FALSE(remotes->contains("b"));
  EXPECT_EQ(remotes->at("c").scheme, "file");
}

TEST(Output, keys_that_a_line_cannot_show_are_escaped) {
  EXPECT_EQ(printable("a b/\xc3\xbc"), "a b/\xc3\xbc");
  EXPECT_EQ(printable("a\nb"), "a\\nb");
  EXPECT_EQ(printable("a\x1b[2J"), "a\\u001b[2J");
}

TEST(Progress, shows_a_bar_only_once_the_total_is_known_and_fits_the_line) {
  transfer::Progress progress;
  progress.total = 10;
  progress.replicated = 5;
  progress.bytes = 50;
  progress.bytes_queued = 100;
  EXPECT_EQ(progress_text(progress, 1s, 200), "5/10+ objects, 50 B, 50 B/s, 5 obj/s");
  progress.listing_done = true;
  progress.failed = 1;
  EXPECT_EQ(progress_text(progress, 1s, 200),
            "[##########..........] 6/10 objects, 50 B, 50 B/s, 6 obj/s, ETA 1.0s, 1 FAILED");
  EXPECT_EQ(progress_text(progress, 1s, 30).size(), 30);
}

struct Ended {
  int code;
  std::string out;
  std::string err;
};

Ended run(std::vector<std::string> arguments) {
  std::ostringstream out;
  std::ostringstream err;
  const Streams streams{out, err, 0, "/nonexistent"};
  const int code = run_app(std::move(arguments), streams);
  return {code, out.str(), err.str()};
}

TEST(App, usage_errors_are_one_line_and_exit_2) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"snyc"},
                                                    {"sync"},
                                                    {"sync", "--delet", "a", "b"},
                                                    {"sync", "--order", "x", "a", "b"},
                                                    {"sync", "--min-age", "5", "a", "b"},
                                                    {"sync", "--bandwidth", "x", "a", "b"},
                                                    {"sync", "--exclude", "[", "a", "b"},
                                                    {"ls", "s4://b"},
                                                    {"ls", "s3://b?x=y"},
                                                    {"sync", "memory:a", "memory:a"}}) {
    const Ended ended = run(arguments);
    EXPECT_EQ(ended.code, kUsage) << arguments[0] << ended.err;
    EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1) << ended.err;
    EXPECT_TRUE(ended.err.starts_with("godwit: ")) << ended.err;
  }
}

TEST(App, help_and_version_exit_0) {
  EXPECT_EQ(run({"--help"}).code, kDone);
  EXPECT_EQ(run({"sync", "--help"}).code, kDone);
  EXPECT_TRUE(run({"--version"}).out.starts_with("godwit "));
}

TEST(App, prints_each_document_and_the_completions_of_each_shell) {
  for (const char* form : {"man", "markdown", "stores", "config"}) {
    EXPECT_EQ(run({"reference", form}).code, kDone) << form;
  }
  EXPECT_NE(run({"reference", "markdown"}).out.find("## godwit sync"), std::string::npos);
  EXPECT_NE(run({"reference", "stores"}).out.find("| `endpoint` | text |"), std::string::npos);
  EXPECT_NE(run({"reference", "config"}).out.find("| `secret_key_file` |"), std::string::npos);
  EXPECT_EQ(run({"reference", "poem"}).code, kUsage);
  for (const char* shell : {"bash", "zsh", "fish"}) {
    EXPECT_NE(run({"completions", shell}).out.find("verify"), std::string::npos) << shell;
  }
}

/// Commands on a directory, which stands for any store.
class ObjectCommands : public testing::Test {
 protected:
  std::string put(const std::string& key, const std::string& text) {
    world.write("file", text);
    const Ended ended = run({"put", "--metadata", "Colour=red", world.path("file"), at(key)});
    EXPECT_EQ(ended.code, kDone) << ended.err;
    return at(key);
  }
  [[nodiscard]] std::string at(const std::string& key) const { return world.path("store/" + key); }

  test::FakeWorld world;
};

TEST_F(ObjectCommands, an_object_comes_back_as_it_went) {
  const std::string object = put("a/b", "hello");
  EXPECT_EQ(run({"cat", object}).out, "hello");
  EXPECT_EQ(run({"get", object, "-"}).out, "hello");
  EXPECT_EQ(run({"get", object, world.path("copy")}).code, kDone);
  EXPECT_EQ(run({"cat", world.path("copy")}).out, "hello");
  const std::string told = run({"head", object}).out;
  EXPECT_NE(told.find("size: 5\n"), std::string::npos) << told;
  EXPECT_NE(told.find("\"colour\":\"red\""), std::string::npos) << told;
}

TEST_F(ObjectCommands, listings_show_a_level_or_all) {
  put("a/b", "1");
  put("c", "22");
  EXPECT_EQ(run({"ls", at("")}).out, "a/\nc\n");
  EXPECT_EQ(run({"ls", "-r", at("")}).out, "a/b\nc\n");
  EXPECT_NE(run({"ls", "-l", at("")}).out.find("             2  20"), std::string::npos);
}

TEST_F(ObjectCommands, a_tree_is_removed_only_when_it_was_really_meant) {
  put("a/b", "1");
  put("a/c", "2");
  EXPECT_EQ(run({"rm", "-r", at("a")}).code, kUsage);
  EXPECT_EQ(run({"rm", "-r", "-n", at("a")}).out, "would_delete b\nwould_delete c\n");
  EXPECT_EQ(run({"ls", at("a")}).out, "b\nc\n");
  EXPECT_EQ(run({"rm", at("a/b")}).code, kDone);
  EXPECT_EQ(run({"ls", at("a")}).out, "c\n");
  EXPECT_EQ(run({"-v", "rm", "-r", "--yes", at("a")}).out, "deleted c\n");
}

TEST_F(ObjectCommands, what_is_not_there_is_an_error_with_its_name) {
  put("a", "1");
  for (const char* command : {"cat", "get", "head", "rm"}) {
    const Ended ended = run({command, at("b")});
    EXPECT_EQ(ended.code, kFatal) << command;
    EXPECT_NE(ended.err.find("'b'"), std::string::npos) << command << ended.err;
  }
  EXPECT_EQ(run({"put", world.path("nothing"), at("b")}).code, kFatal);
  EXPECT_EQ(run({"put", "--metadata", "colour", world.path("file"), at("b")}).code, kUsage);
}

TEST(App, the_last_line_of_json_is_the_summary) {
  const Ended ended = run(
      {"--json", "sync", "--state-dir", testing::TempDir() + "godwit-cli", "memory:a", "memory:b"});
  EXPECT_EQ(ended.code, kDone) << ended.err;
  EXPECT_TRUE(ended.out.starts_with("{\"event\":\"summary\",\"total\":0,")) << ended.out;
}

}  // namespace
}  // namespace godwit::cli
