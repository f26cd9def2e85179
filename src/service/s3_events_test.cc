#include "service/s3_events.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace godwit::service {
namespace {

/// A message as a sender sends it: of the corpus of the fuzzer.
std::string example(const std::string& name) {
  const std::filesystem::path corpus(GODWIT_SOURCE_DIR "/fuzz/corpus/s3_events");
  std::ifstream file(corpus / name);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

using Keys = std::vector<std::string>;

TEST(S3EventsTest, aws_encodes_keys_as_forms_do) {
  const auto told = parse_s3_notification(example("aws")).value();
  ASSERT_EQ(told.events.size(), 1U);
  EXPECT_EQ(told.events[0].name, "ObjectCreated:Put");
  EXPECT_TRUE(told.events[0].changes);
  EXPECT_EQ(told.events[0].bucket, "mybucket");
  EXPECT_EQ(told.events[0].keys, Keys{"backups/Happy Face+1.jpg"});
  EXPECT_EQ(parse_s3_notification(example("aws_test"))->kind, S3Message::test);
}

TEST(S3EventsTest, sns_wraps_what_aws_says_and_asks_for_a_confirmation) {
  const auto told = parse_s3_notification(example("sns")).value();
  ASSERT_EQ(told.events.size(), 1U);
  EXPECT_TRUE(told.events[0].changes) << "a removal";
  EXPECT_EQ(told.events[0].keys, Keys{"backups/\u00e4.tar"});
  const auto asked = parse_s3_notification(example("sns_confirmation")).value();
  EXPECT_EQ(asked.kind, S3Message::subscription);
  EXPECT_TRUE(asked.link.starts_with("https://sns.us-west-2.amazonaws.com/")) << asked.link;
  EXPECT_EQ(asked.topic, "arn:aws:sns:us-west-2:123456789012:MyTopic");
}

TEST(S3EventsTest, minio_encodes_slashes_too_and_says_s3_before_the_name) {
  const auto told = parse_s3_notification(example("minio")).value();
  ASSERT_EQ(told.events.size(), 1U);
  EXPECT_TRUE(told.events[0].changes);
  EXPECT_EQ(told.events[0].keys, Keys{"backups/a b+c.tar"});
  const auto read = parse_s3_notification(example("minio_short")).value();
  EXPECT_FALSE(read.events[0].changes);
  EXPECT_EQ(read.events[0].keys, Keys{"a"});
}

TEST(S3EventsTest, ceph_may_have_encoded_a_key_or_not) {
  const auto told = parse_s3_notification(example("ceph")).value();
  ASSERT_EQ(told.events.size(), 1U);
  EXPECT_EQ(told.events[0].keys, (Keys{"backups/a b.tar", "backups/a+b.tar"}));
}

TEST(S3EventsTest, anything_else_is_refused_with_what_is_missing) {
  for (const char* text :
       {"", "[]", "null", "{}", "{\"Records\":1}", "{\"Records\":[1]}", "{\"Records\":[{}]}",
        "{\"Type\":\"Notification\"}", "{\"Type\":\"x\"}", "{\"EventName\":\"x\",\"Key\":\"b\"}",
        "{\"Records\":[{\"eventName\":\"x\",\"s3\":{\"bucket\":{\"name\":\"b\"}}}]}"}) {
    const auto told = parse_s3_notification(text);
    ASSERT_FALSE(told) << text;
    EXPECT_EQ(told.error().code(), Code::invalid_argument);
    EXPECT_NE(told.error().hint(), "") << text;
  }
  EXPECT_FALSE(parse_s3_notification(example("deep")));
  EXPECT_FALSE(parse_s3_notification(example("bad_escape")));
}

}  // namespace
}  // namespace godwit::service
