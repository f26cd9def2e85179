#include "store/s3/s3_profile.h"

#include <gtest/gtest.h>

#include "store/s3/s3_config.h"
#include "support/fake_world.h"

namespace godwit::s3 {
namespace {

using test::FakeWorld;

const std::vector<std::string> kDefault = {"default"};

Settings section(std::string_view text, const std::vector<std::string>& titles = kDefault) {
  return parse_section(text, titles).value().value_or(Settings());
}

TEST(Section, is_read_by_title_with_what_lies_below_a_setting) {
  constexpr std::string_view kText =
      "# c\n[default]\naws_access_key_id = A\n; c\naws_secret_access_key=B =\n"
      "[profile \"my own\"]\r\nregion=r\r\ns3 =\r\n  endpoint_url = http://x:1\r\n\tb = c\r\n"
      "output = json\n";
  EXPECT_EQ(section(kText),
            (Settings{{"aws_access_key_id", "A"}, {"aws_secret_access_key", "B ="}}));
  const Settings own = {{"region", "r"},
                        {"s3", ""},
                        {"s3.endpoint_url", "http://x:1"},
                        {"s3.b", "c"},
                        {"output", "json"}};
  EXPECT_EQ(section(kText, {"my own", "profile my own"}), own);
  EXPECT_EQ(parse_section(kText, std::vector<std::string>{"none"}).value(), std::nullopt);
}

TEST(Section, names_the_line_that_it_cannot_read) {
  const auto message = [](std::string_view text) {
    return parse_section(text, kDefault).error().message();
  };
  EXPECT_NE(message("\n[x\n").find("line 2"), std::string::npos);
  EXPECT_NE(message("[default]\na=b\nc\n").find("line 3"), std::string::npos);
}

TEST(ProfileKeys, a_way_that_is_not_gone_is_refused_with_what_to_do) {
  const Settings keys = {{"aws_access_key_id", "A"}, {"aws_secret_access_key", "B"}};
  for (const char* way : {"role_arn", "source_profile", "web_identity_token_file", "sso_session",
                          "sso_start_url", "credential_process"}) {
    for (const Settings& beside : {Settings(), keys}) {
      Settings settings = beside;
      settings[way] = "x";
      const auto found = keys_of(settings, "p");
      // The AWS tools, too, take keys that lie there before they run a process.
      if (!beside.empty() && std::string_view(way) == "credential_process") {
        EXPECT_TRUE(found && *found);
        continue;
      }
      ASSERT_FALSE(found) << way;
      EXPECT_EQ(found.error().code(), Code::invalid_argument);
      EXPECT_NE(found.error().message().find(way), std::string::npos);
      EXPECT_NE(found.error().hint().find("export-credentials --profile p"), std::string::npos);
    }
  }
  EXPECT_EQ(keys_of(keys, "p").value()->secret_key, "B");
  EXPECT_EQ(keys_of(Settings{{"region", "r"}}, "p").value(), std::nullopt);
}

TEST(ProfileFiles, are_one_and_the_credentials_file_has_the_last_word) {
  FakeWorld world;
  EXPECT_EQ(load_profile(world, "a").value(), std::nullopt);
  world.write(".aws/config",
              "[profile a]\nregion=r\naws_access_key_id=CONFIG\nservices=own\n"
              "[services own]\ns3 =\n  endpoint_url=http://own:1\n");
  world.write(".aws/credentials", "[a]\naws_access_key_id=FILE\n");
  const Settings settings = load_profile(world, "a").value().value();
  EXPECT_EQ(settings.at("region"), "r");
  EXPECT_EQ(settings.at("aws_access_key_id"), "FILE");
  EXPECT_EQ(settings.at("services.s3.endpoint_url"), "http://own:1");
  world.write(".aws/config", "[profile a]\nwhat\n");
  EXPECT_NE(load_profile(world, "a").error().message().find(".aws/config: line 2"),
            std::string::npos);
}

Config config_of(World& world, const std::string& url) {
  return read_config(world, parse_store_url(url, "/").value()).value();
}

TEST(Config, takes_region_and_endpoint_from_url_environment_and_profile_in_this_order) {
  FakeWorld world;
  EXPECT_EQ(config_of(world, "s3://buck").endpoint.host, "s3.us-east-1.amazonaws.com");
  world.write(
      ".aws/config",
      "[default]\nregion=in-profile\nendpoint_url=http://profile:1\n"
      "[profile b]\nregion=in-b\nservices=b\n[services b]\ns3=\n endpoint_url=http://b:2\n");
  EXPECT_EQ(config_of(world, "s3://buck").region, "in-profile");
  EXPECT_EQ(config_of(world, "s3://buck").endpoint.to_string(), "http://profile:1");
  EXPECT_EQ(config_of(world, "s3://buck").addressing, Addressing::path);
  EXPECT_EQ(config_of(world, "s3://buck?profile=b").endpoint.to_string(), "http://b:2");
  world.variables["AWS_PROFILE"] = "b";
  EXPECT_EQ(config_of(world, "s3://buck").region, "in-b");
  world.variables["AWS_ENDPOINT_URL"] = "http://environment:1";
  EXPECT_EQ(config_of(world, "s3://buck").endpoint.host, "environment");
  world.variables["AWS_ENDPOINT_URL_S3"] = "http://s3only:1";
  world.variables["AWS_REGION"] = "in-environment";
  EXPECT_EQ(config_of(world, "s3://buck").endpoint.host, "s3only");
  EXPECT_EQ(config_of(world, "s3://buck").region, "in-environment");
  const Config named = config_of(world, "s3://buck?region=r&endpoint=http://url:1");
  EXPECT_EQ(named.endpoint.host + named.region, "urlr");
  world.variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true";
  EXPECT_EQ(config_of(world, "s3://buck").endpoint.host, "s3.in-environment.amazonaws.com");
}

}  // namespace
}  // namespace godwit::s3
