// What copies inside the service promise.
#include "conformance/fixture.h"

namespace godwit::conformance {
namespace {

class Copy : public Conformance {
 protected:
  /// Coded stores copy nothing by themselves, and must not say that they did.
  void SetUp() override {
    if (can().server_side_copy) return;
    ASSERT_TRUE(put("from", "bytes"));
    ASSERT_EQ(copy("from", "to").error().code(), Code::unsupported);
    ASSERT_EQ(get("to").error().code(), Code::not_found);
    GTEST_SKIP() << "it copies nothing by itself";
  }
};
GODWIT_CONFORMANCE(Copy);

TEST_P(Copy, keeps_or_replaces_metadata) {
  PutOptions options;
  options.metadata.content_type = "text/plain";
  options.metadata.user["a"] = "1";
  options.metadata.tags["t"] = "2";
  ASSERT_TRUE(put("from", "bytes", options));
  ASSERT_TRUE(copy("from", "d/kept"));
  EXPECT_EQ(get("d/kept").value(), "bytes");
  const Metadata kept = head("d/kept")->metadata;
  EXPECT_EQ(kept.user, options.metadata.user);
  EXPECT_EQ(kept.tags, options.metadata.tags);
  EXPECT_EQ(kept.content_type, "text/plain");
  CopySource from = source("from");
  from.metadata = MetadataFrom::options;
  PutOptions replaced;
  replaced.metadata.user["b"] = "2";
  ASSERT_TRUE(copy(from, "replaced", replaced));
  EXPECT_EQ(head("replaced")->metadata.user, replaced.metadata.user);
  EXPECT_EQ(head("from")->metadata.user, options.metadata.user);
}

TEST_P(Copy, has_the_token_of_the_same_bytes_where_tokens_are_md5s) {
  const std::string bytes = random_bytes(300'000, 1);
  const std::string etag = put("from", bytes)->etag;
  const auto copied = copy("from", "to");
  ASSERT_TRUE(copied) << copied.error().to_string();
  if (can().put_tells_md5) {
    EXPECT_EQ(copied->etag, etag);
  }
  EXPECT_EQ(head("to")->etag, copied->etag);
  EXPECT_TRUE(get("to").value() == bytes);
}

TEST_P(Copy, of_what_is_not_there_is_not_found_and_makes_nothing) {
  const auto copied = copy("nothing", "to");
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().code(), Code::not_found);
  EXPECT_TRUE(keys().empty());
}

TEST_P(Copy, replaces_what_was_there) {
  ASSERT_TRUE(put("from", "new"));
  ASSERT_TRUE(put("to", "something longer, of old"));
  ASSERT_TRUE(copy("from", "to"));
  EXPECT_EQ(get("to").value(), "new");
  EXPECT_EQ(get("from").value(), "new");
}

TEST_P(Copy, onto_itself_changes_metadata_and_no_byte) {
  PutOptions options;
  options.metadata.user["a"] = "1";
  const std::string bytes = random_bytes(300'000, 1);
  ASSERT_TRUE(put("k", bytes, options));
  CopySource from = source("k");
  from.metadata = MetadataFrom::options;
  PutOptions replaced;
  replaced.metadata.user["b"] = "2";
  const auto copied = copy(from, "k", replaced);
  ASSERT_TRUE(copied) << copied.error().to_string();
  EXPECT_TRUE(get("k").value() == bytes);
  EXPECT_EQ(head("k")->metadata.user, replaced.metadata.user);
}

TEST_P(Copy, onto_itself_without_a_change_loses_nothing) {
  PutOptions options;
  options.metadata.user["a"] = "1";
  ASSERT_TRUE(put("k", "bytes", options));
  // S3 refuses what would change nothing; others may do it.
  const auto copied = copy("k", "k");
  if (!copied) {
    EXPECT_EQ(copied.error().code(), Code::invalid_argument) << copied.error().to_string();
  }
  EXPECT_EQ(get("k").value(), "bytes");
  EXPECT_EQ(head("k")->metadata.user, options.metadata.user);
}

}  // namespace
}  // namespace godwit::conformance
