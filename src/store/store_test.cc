#include <gtest/gtest.h>

#include "store/etag.h"
#include "store/registry.h"
#include "world/real/real_world.h"

namespace godwit {
namespace {

TEST(StoreUrl, reads_every_form) {
  const StoreSpec s3 = parse_store_url("s3://b/p/q%20r?endpoint=http://h:1&region=x", "/w").value();
  EXPECT_EQ(s3.name, "b");
  EXPECT_EQ(s3.prefix, "p/q r");
  EXPECT_EQ(s3.options.at("endpoint"), "http://h:1");
  EXPECT_EQ(parse_store_url("file:///a/./b/../c", "/w")->prefix, "/a/c");
  EXPECT_EQ(parse_store_url("x/y", "/w")->prefix, "/w/x/y");
  EXPECT_EQ(parse_store_url("memory:m", "/w")->name, "m");
  const StoreSpec rocksdb = parse_store_url("rocksdb:///a/./b//p/q", "/w").value();
  EXPECT_EQ(rocksdb.name, "/a/b");
  EXPECT_EQ(rocksdb.prefix, "p/q");
}

TEST(StoreUrl, prints_what_parses_to_the_same) {
  for (const char* url : {"s3://b/p%20q?endpoint=http://h:1", "file:///a%3Fb", "memory:m",
                          "rocksdb:///a%3Fb", "rocksdb:///a//p%3Fq//r"}) {
    const StoreSpec spec = parse_store_url(url, "/w").value();
    EXPECT_EQ(parse_store_url(spec.to_url(), "/")->to_url(), spec.to_url()) << url;
  }
}

TEST(StoreUrl, refuses_what_cannot_be_meant) {
  for (const char* url :
       {"", "s3:b", "s3://", "file://rel", "memory:", "rocksdb://rel", "rocksdb:/a", "s3://b?x",
        "s3://b?a=1&a=2", "s3://b?endpoint=%zz", "s3://user:pw@b/"}) {
    const auto spec = parse_store_url(url, "/w");
    ASSERT_FALSE(spec) << url;
    EXPECT_EQ(spec.error().code(), Code::invalid_argument);
  }
}

TEST(StoreUrl, prints_no_secret_of_a_url_that_it_refuses) {
  for (const char* url : {"s3://KEY:hunter2@bucket/", "s3://KEY:hun/ter2@bucket/p?x",
                          "s3://b?oops&secret_key=hunter2", "postgres://u:hunter2@h:x/d",
                          "s3://b?password=hunter2&password=hunter2"}) {
    const auto spec = parse_store_url(url, "/w");
    ASSERT_FALSE(spec) << url;
    const std::string text = spec.error().to_string();
    EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
    EXPECT_EQ(text.find("ter2"), std::string::npos) << text;
  }
}

TEST(StoreUrl, refuses_secrets_and_says_where_they_belong) {
  const auto spec = parse_store_url("s3://b?secret_key=abc", "/w");
  ASSERT_FALSE(spec);
  EXPECT_NE(spec.error().to_string().find("AWS_SECRET_ACCESS_KEY"), std::string::npos);
  EXPECT_EQ(spec.error().to_string().find("abc"), std::string::npos);
}

TEST(StoreRegistry, names_the_nearest_match) {
  RealWorld world;
  StoreRegistry registry;
  registry.add({.scheme = "s3", .description = {}, .options = {{.name = "endpoint"}}, .open = {}});
  const auto scheme = registry.open(world, {.scheme = "s4"});
  EXPECT_NE(scheme.error().to_string().find("did you mean 's3'?"), std::string::npos);
  StoreSpec spec{.scheme = "s3"};
  spec.options["endpiont"] = "x";
  const auto option = registry.open(world, spec);
  EXPECT_NE(option.error().to_string().find("did you mean 'endpoint'?"), std::string::npos);
}

TEST(OptionReader, takes_the_first_choice_of_the_table_when_nothing_is_said) {
  const std::vector<OptionInfo> table = {{.name = "fsync", .choices = {"always", "never"}}};
  StoreSpec spec;
  EXPECT_EQ(OptionReader(spec, table).choice("fsync"), "always");
  spec.options["fsync"] = "never";
  EXPECT_EQ(OptionReader(spec, table).choice("fsync"), "never");
  spec.options["fsync"] = "nevre";
  const auto mistyped = OptionReader(spec, table).choice("fsync");
  ASSERT_FALSE(mistyped);
  EXPECT_NE(mistyped.error().to_string().find("did you mean 'never'?"), std::string::npos);
}

TEST(ContentEtag, knows_the_two_forms_and_nothing_else) {
  const std::string md5 = "900150983cd24fb0d6963f7d28e17f72";
  EXPECT_EQ(ContentEtag::parse(md5)->parts, 0);
  EXPECT_EQ(ContentEtag::parse(md5 + "-17")->parts, 17);
  for (const std::string& other :
       {std::string(), md5 + "-", md5 + "-0", md5 + "-x", md5 + "-1-2", md5 + "x", md5.substr(1)}) {
    EXPECT_FALSE(ContentEtag::parse(other)) << other;
  }
}

TEST(ContentEtag, composes_as_s3_does) {
  // md5(md5("a") + md5("b")), computed with coreutils.
  const std::vector<std::string> parts = {"0cc175b9c0f1b6a831c399e269772661",
                                          "92eb5ffee6ae2fec3ad71c777531578f"};
  EXPECT_EQ(compose_etag(parts), "96e024ba2074fe77e8e965ba43a704be-2");
}

}  // namespace
}  // namespace godwit
