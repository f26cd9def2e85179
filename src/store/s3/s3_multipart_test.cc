// The calls of multipart uploads: what they ask, and which answers they refuse to believe.
#include <gtest/gtest.h>

#include "base/checksum.h"
#include "store/memory/memory_store.h"
#include "support/s3_fixture.h"

namespace godwit::s3 {
namespace {

using test::Asked;
using test::Said;

const std::string kUrl = "s3://buck/p/?endpoint=http://h:1";

Said xml(const std::string& root, const std::string& inner) {
  return {.body = "<" + root + ">" + inner + "</" + root + ">"};
}

class MultipartTest : public test::S3Fixture {
 protected:
  /// Answers the calls in this order, the last one again and again.
  void serve(std::vector<Result<Said>> answers, const std::string& url = kUrl) {
    open(url, [answers = std::move(answers), at = std::size_t{0}](const Asked&) mutable {
      const std::size_t now = std::min(at, answers.size() - 1);
      ++at;
      return answers[now];
    });
  }
  Multipart& uploads() { return *store->multipart(); }
  Result<PartInfo> copy_part(Store& from, std::optional<ByteRange> range) {
    CopySource source;
    source.store = &from;
    source.key = "from";
    source.if_match = "e";
    source.range = range;
    return run(uploads().copy_part(context, upload, {3, 0}, source));
  }

  const Context context{world};
  const UploadId upload{key, "u/1", {}};
};

TEST_F(MultipartTest, an_upload_begins_with_its_id_or_not_at_all) {
  serve({xml("InitiateMultipartUploadResult", "<UploadId>u/1</UploadId>")},
        kUrl + "&checksum=crc32c");
  const auto begun = run(uploads().create(context, key, {}));
  ASSERT_TRUE(begun) << begun.error().to_string();
  EXPECT_EQ(begun->id, "u/1");
  EXPECT_EQ(begun->key, key);
  EXPECT_EQ(transport.asked[0].line(), "POST http://h:1/buck/p/k?uploads=");
  EXPECT_EQ(transport.asked[0].header("x-amz-checksum-algorithm"), "CRC32C");
  EXPECT_EQ(transport.asked[0].header("x-amz-checksum-type"), "FULL_OBJECT");
  serve({xml("InitiateMultipartUploadResult", "")});
  EXPECT_EQ(run(uploads().create(context, key, {})).error().code(), Code::corrupted);
  EXPECT_EQ(run(uploads().create(context, std::string(2000, 'k'), {})).error().code(),
            Code::invalid_argument);
  EXPECT_EQ(transport.asked.size(), 1) << "a key that cannot be is not asked for";
}

TEST_F(MultipartTest, a_part_goes_to_its_number_and_comes_back_with_its_token) {
  serve({Said{.headers = {{"ETag", "\"e2\""}}, .body = ""}});
  MemoryBody body("bytes");
  const auto part = run(uploads().put_part(context, upload, {2, 0}, {&body, 5}));
  ASSERT_TRUE(part) << part.error().to_string();
  EXPECT_EQ(part->number, 2U);
  EXPECT_EQ(part->size, 5U);
  EXPECT_EQ(part->etag, "e2");
  EXPECT_EQ(transport.asked[0].line(), "PUT http://h:1/buck/p/k?partNumber=2&uploadId=u%2F1");
  serve({Said{.status = 404, .body = "<Error><Code>NoSuchUpload</Code></Error>"}});
  MemoryBody again("bytes");
  const auto refused = run(uploads().put_part(context, upload, {2, 0}, {&again, 5}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::not_found);
  EXPECT_EQ(refused.error().where().operation, "put part");
}

TEST_F(MultipartTest, a_part_is_copied_by_range_and_only_with_a_token) {
  serve({xml("CopyPartResult", "<ETag>\"e3\"</ETag>")});
  const auto part = copy_part(*store, ByteRange{10, 5});
  ASSERT_TRUE(part) << part.error().to_string();
  EXPECT_EQ(part->etag, "e3");
  EXPECT_EQ(part->size, 5U);
  EXPECT_EQ(transport.asked[0].header("x-amz-copy-source"), "/buck/p/from");
  EXPECT_EQ(transport.asked[0].header("x-amz-copy-source-range"), "bytes=10-14");
  EXPECT_EQ(transport.asked[0].header("x-amz-copy-source-if-match"), "e");
  serve({xml("CopyPartResult", "")});
  const auto blank = copy_part(*store, std::nullopt);
  ASSERT_FALSE(blank);
  EXPECT_EQ(blank.error().code(), Code::corrupted);
  EXPECT_EQ(blank.error().outcome(), Outcome::unknown);
  const auto other = make_memory_store(world, "other");
  EXPECT_EQ(copy_part(*other, std::nullopt).error().code(), Code::unsupported);
}

TEST_F(MultipartTest, lists_of_parts_go_on_to_their_end) {
  const auto page = [](int number, const std::string& rest) {
    return xml("ListPartsResult", "<Part><PartNumber>" + std::to_string(number) +
                                      "</PartNumber><Size>5</Size><ETag>\"e\"</ETag></Part>" +
                                      rest);
  };
  const std::string more =
      "<IsTruncated>true</IsTruncated><NextPartNumberMarker>1</NextPartNumberMarker>";
  const std::string end = "<IsTruncated>false</IsTruncated>";
  serve({page(1, more), page(2, end)});
  const auto parts = run(uploads().parts(context, upload));
  ASSERT_TRUE(parts) << parts.error().to_string();
  ASSERT_EQ(parts->size(), 2U);
  EXPECT_EQ(parts->back().number, 2U);
  EXPECT_TRUE(transport.asked[1].target.ends_with("&part-number-marker=1"));
  // The marker stays where it was; there is nothing to go on from; it is no list.
  for (const Said& stuck : {page(1, more), xml("ListPartsResult", more), Said{.body = "<html>"}}) {
    serve({stuck});
    EXPECT_EQ(run(uploads().parts(context, upload)).error().code(), Code::corrupted) << stuck.body;
    EXPECT_LE(transport.asked.size(), 2U);
  }
}

TEST_F(MultipartTest, lists_of_uploads_go_on_to_their_end_and_hold_none_of_others) {
  const auto page = [](const std::string& name, const std::string& rest) {
    return xml("ListMultipartUploadsResult",
               "<Upload><Key>" + name +
                   "</Key><UploadId>u</UploadId><Initiated>2026-11-21T05:31:10.000Z</Initiated>"
                   "</Upload>" +
                   rest);
  };
  const std::string more =
      "<IsTruncated>true</IsTruncated><NextKeyMarker>p/a</NextKeyMarker>"
      "<NextUploadIdMarker>u</NextUploadIdMarker>";
  const std::string end = "<IsTruncated>false</IsTruncated>";
  serve({page("p/a", more), page("p/ab", end)});
  const auto found = run(uploads().list(context, "a"));
  ASSERT_TRUE(found) << found.error().to_string();
  ASSERT_EQ(found->size(), 2U);
  EXPECT_EQ(found->back().key, "ab");
  EXPECT_TRUE(transport.asked[0].target.ends_with("?uploads=&prefix=p%2Fa"));
  EXPECT_TRUE(transport.asked[1].target.ends_with("&key-marker=p%2Fa&upload-id-marker=u"));
  for (const Said& stuck : {page("p/a", more), page("q/a", end),
                            xml("ListMultipartUploadsResult", more), Said{.body = "<html>"}}) {
    serve({stuck});
    EXPECT_EQ(run(uploads().list(context, "a")).error().code(), Code::corrupted) << stuck.body;
    EXPECT_LE(transport.asked.size(), 2U);
  }
}

TEST_F(MultipartTest, completing_asks_for_the_token_where_the_answer_has_none) {
  const std::vector<PartInfo> parts = {{1, 5, "e1"}, {2, 5, "e2"}};
  const Said done = xml("CompleteMultipartUploadResult", "");
  serve({done, Said{.headers = {{"ETag", "\"whole-2\""}}, .body = ""}});
  const auto stored = run(uploads().complete(context, upload, parts, {}));
  ASSERT_TRUE(stored) << stored.error().to_string();
  EXPECT_EQ(stored->etag, "whole-2");
  EXPECT_EQ(transport.asked[1].method, "HEAD");
  serve({xml("CompleteMultipartUploadResult", "<ETag>\"whole-2\"</ETag>")});
  EXPECT_EQ(run(uploads().complete(context, upload, parts, {}))->etag, "whole-2");
  EXPECT_EQ(transport.asked.size(), 1U);
}

TEST_F(MultipartTest, completing_refuses_what_is_no_list_of_parts) {
  serve({Said{.status = 400, .body = "<Error><Code>InvalidPart</Code></Error>"}});
  const std::vector<PartInfo> twice = {{1, 5, "e"}, {1, 5, "e"}};
  EXPECT_EQ(run(uploads().complete(context, upload, twice, {})).error().code(),
            Code::invalid_argument);
  EXPECT_EQ(run(uploads().complete(context, upload, {}, {})).error().code(),
            Code::invalid_argument);
  EXPECT_TRUE(transport.asked.empty());
  const std::vector<PartInfo> one = {{1, 5, "e"}};
  const auto refused = run(uploads().complete(context, upload, one, {}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().outcome(), Outcome::not_applied);
  EXPECT_EQ(transport.asked.size(), 1U) << "a plain refusal needs no look";
}

TEST_F(MultipartTest, an_upload_that_is_gone_is_aborted) {
  serve({Said{.status = 204, .body = ""}});
  EXPECT_TRUE(run(uploads().abort(context, upload)));
  serve({Said{.status = 404, .body = "<Error><Code>NoSuchUpload</Code></Error>"}});
  EXPECT_TRUE(run(uploads().abort(context, upload)));
  serve({Said{.status = 403, .body = "<Error><Code>AccessDenied</Code></Error>"}});
  EXPECT_EQ(run(uploads().abort(context, upload)).error().code(), Code::permission_denied);
}

}  // namespace
}  // namespace godwit::s3
