// What a writer says of an object comes back as it was said.
#include "conformance/fixture.h"

namespace godwit::conformance {
namespace {

class MetadataOf : public Conformance {
 protected:
  /// Puts with `metadata`, and expects just those back.
  void expect_kept(const Metadata& metadata) {
    PutOptions options;
    options.metadata = metadata;
    const auto stored = put("k", "x", options);
    ASSERT_TRUE(stored) << stored.error().to_string();
    const auto info = head("k");
    ASSERT_TRUE(info) << info.error().to_string();
    EXPECT_EQ(info->metadata.user, metadata.user);
    EXPECT_EQ(info->metadata.tags, metadata.tags);
    EXPECT_EQ(info->metadata.content_encoding, metadata.content_encoding);
    EXPECT_EQ(info->metadata.expires, metadata.expires);
  }
};
GODWIT_CONFORMANCE(MetadataOf);

TEST_P(MetadataOf, all_fields_are_kept_and_a_put_without_them_ends_them) {
  PutOptions options;
  options.metadata.content_type = "text/x-test; charset=utf-8";
  options.metadata.cache_control = "no-cache, max-age=0";
  options.metadata.content_disposition = "attachment; filename=\"a b.txt\"";
  options.metadata.content_encoding = "gzip";
  options.metadata.content_language = "de";
  options.metadata.expires = "Thu, 01 Dec 2033 16:00:00 GMT";
  options.metadata.user = {{"colour", "gr\xc3\xbcn"}, {"number", "5"}};
  ASSERT_TRUE(put("k", "x", options));
  const Metadata kept = head("k")->metadata;
  EXPECT_EQ(kept.content_type, options.metadata.content_type);
  EXPECT_EQ(kept.cache_control, options.metadata.cache_control);
  EXPECT_EQ(kept.content_disposition, options.metadata.content_disposition);
  EXPECT_EQ(kept.content_encoding, options.metadata.content_encoding);
  EXPECT_EQ(kept.content_language, options.metadata.content_language);
  EXPECT_EQ(kept.expires, options.metadata.expires);
  EXPECT_EQ(kept.user, options.metadata.user);
  ASSERT_TRUE(put("k", "y"));
  const Metadata after = head("k")->metadata;
  EXPECT_TRUE(after.user.empty());
  EXPECT_EQ(after.cache_control, "");
  EXPECT_EQ(after.content_disposition, "");
  EXPECT_EQ(after.content_encoding, "");
}

TEST_P(MetadataOf, get_tells_what_head_tells) {
  PutOptions options;
  options.metadata.content_type = "text/plain";
  options.metadata.user = {{"a", "1"}};
  options.metadata.tags = {{"t", "2"}};
  ASSERT_TRUE(put("k", "x", options));
  const std::string key = "k";
  const ObjectInfo by_get = run(store().get(context(), key, GetOptions()))->info;
  const ObjectInfo by_head = head(key).value();
  EXPECT_EQ(by_get.metadata, by_head.metadata);
  EXPECT_EQ(by_get.etag, by_head.etag);
  EXPECT_EQ(by_get.size, by_head.size);
  EXPECT_EQ(std::chrono::floor<std::chrono::seconds>(by_get.modified),
            std::chrono::floor<std::chrono::seconds>(by_head.modified));
}

TEST_P(MetadataOf, odd_values_are_kept) {
  Metadata metadata;
  metadata.user = {{"quote", "\"a\\b\""}, {"list", "a, b;c=d"}, {"percent", "100%20+"},
                   {"inner", "a  b"},     {"angle", "<&>'"},    {"equals", "=?UTF-8?B?x?"},
                   {"dash-name", "-"},    {"digit0", "0_0"}};
  expect_kept(metadata);
}

TEST_P(MetadataOf, tags_are_kept_with_odd_characters) {
  ASSERT_TRUE(can().tags);
  Metadata metadata;
  metadata.tags = {{"plain", "value"},          {"a b", "c d"},
                   {"plus+", "1+1=2"},          {"key:/@_-.", "v:/@_-."},
                   {"gr\xc3\xbcn", "\xc3\xbc"}, {"empty", ""}};
  expect_kept(metadata);
  metadata.tags.clear();
  expect_kept(metadata);
}

TEST_P(MetadataOf, as_much_as_s3_takes_is_kept) {
  // 2 KiB of names and values, and ten tags of the longest form.
  Metadata metadata;
  for (int i = 0; i < 10; ++i) {
    metadata.user["name-" + std::to_string(i)] = std::string(196, static_cast<char>('a' + i));
    metadata.tags["tag-" + std::to_string(i) + std::string(122, 'k')] = std::string(256, 'v');
  }
  expect_kept(metadata);
}

TEST_P(MetadataOf, too_much_is_kept_or_refused_and_never_cut) {
  for (const std::size_t size : {4'000UL, 60'000UL, 400'000UL}) {
    PutOptions options;
    options.metadata.user["large"] = std::string(size, 'v');
    ASSERT_TRUE(put("k", "old"));
    const auto stored = put("k", "new", options);
    const auto info = head("k");
    ASSERT_TRUE(info) << info.error().to_string();
    if (stored) {
      EXPECT_EQ(info->metadata.user, options.metadata.user) << size;
    } else {
      EXPECT_EQ(stored.error().code(), Code::invalid_argument) << stored.error().to_string();
      EXPECT_EQ(get("k").value(), "old");
      EXPECT_TRUE(info->metadata.user.empty());
    }
  }
}

TEST_P(MetadataOf, bytes_that_are_no_utf8_are_kept_or_refused) {
  PutOptions options;
  options.metadata.user["latin1"] = "caf\xe9";
  const auto stored = put("k", "x", options);
  const bool kept = stored && head("k")->metadata.user == options.metadata.user;
  const bool refused = !stored && stored.error().code() == Code::invalid_argument;
  EXPECT_TRUE(kept || refused) << "told as " << testing::PrintToString(head("k")->metadata.user);
}

TEST_P(MetadataOf, what_would_break_a_header_is_kept_or_refused) {
  for (const char* value : {"a\r\nx-amz-acl: public-read", "a\nb", "tab\tinside", "\x01"}) {
    PutOptions options;
    options.metadata.user["odd"] = value;
    const auto stored = put("k", "x", options);
    const bool kept = stored && head("k")->metadata.user == options.metadata.user;
    const bool refused = !stored && stored.error().code() == Code::invalid_argument;
    EXPECT_TRUE(kept || refused) << testing::PrintToString(value) << " is told as "
                                 << (stored ? testing::PrintToString(head("k")->metadata.user)
                                            : stored.error().to_string());
  }
}

TEST_P(MetadataOf, spaces_at_the_ends_are_kept) {
  PutOptions options;
  options.metadata.user["odd"] = " around ";
  const auto stored = put("k", "x", options);
  const bool refused = !stored && stored.error().code() == Code::invalid_argument;
  const bool kept = stored && head("k")->metadata.user == options.metadata.user;
  EXPECT_TRUE(keeps(Law::metadata_keep_spaces_at_their_ends, kept || refused));
}

TEST_P(MetadataOf, names_with_an_underscore_are_kept) {
  PutOptions options;
  options.metadata.user["under_score"] = "1";
  const auto stored = put("k", "x", options);
  const bool refused = !stored && stored.error().code() == Code::invalid_argument;
  const bool kept = stored && head("k")->metadata.user == options.metadata.user;
  EXPECT_TRUE(keeps(Law::metadata_names_keep_underscores, kept || refused));
}

TEST_P(MetadataOf, the_time_of_the_source_is_kept) {
  PutOptions options;
  options.modified = WallTime(std::chrono::seconds(1'600'000'000) + std::chrono::nanoseconds(123));
  ASSERT_TRUE(put("k", "x", options));
  const ObjectInfo info = head("k").value();
  if (can().keeps_modified) {
    EXPECT_EQ(info.modified, *options.modified);
    EXPECT_EQ(list().at(0).modified, *options.modified);
  } else {
    EXPECT_GT(info.modified, *options.modified);
  }
}

}  // namespace
}  // namespace godwit::conformance
