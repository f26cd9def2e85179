// Writes whose answer was lost: proven to be done, or told as unknown, and never guessed.
#include <gtest/gtest.h>

#include "base/checksum.h"
#include "store/etag.h"
#include "support/s3_fixture.h"

namespace godwit::s3 {
namespace {

using namespace std::chrono_literals;
using test::Asked;
using test::Said;

const std::string kUrl = "s3://buck/?endpoint=http://h:1";
const std::string kNow = "Thu, 01 Jan 2026 12:00:00 GMT";
const std::string kHourAgo = "Thu, 01 Jan 2026 11:00:00 GMT";

std::string md5_of(const std::string& text) { return to_hex(md5(as_bytes(text))); }

Said object(const std::string& etag, const std::string& modified = kNow) {
  return {.headers = {{"Content-Length", "5"},
                      {"ETag", "\"" + etag + "\""},
                      {"Date", kNow},
                      {"Last-Modified", modified}},
          .body = ""};
}

Result<Said> lost() {
  return fail(Error(Code::unavailable, "the connection broke").with(Outcome::unknown));
}

class SettleTest : public test::S3Fixture {
 protected:
  /// Writes are answered by `write`, looks by `look`.
  void serve(Result<Said> write, Result<Said> look) {
    open(kUrl, [write = std::move(write), look = std::move(look)](const Asked& asked) {
      return asked.method == "HEAD" ? look : write;
    });
  }
  Result<PutResult> put_absent() {
    PutOptions options;
    options.condition = Condition::absent;
    return put("bytes", options);
  }
  Result<PutResult> complete() {
    const UploadId upload{key, "u", {}};
    const std::vector<PartInfo> parts = {{1, 5, md5_of("bytes")}};
    return run(store->multipart()->complete(Context(world), upload, parts, {}));
  }
};

TEST_F(SettleTest, a_conditional_put_is_done_when_its_bytes_are_there_since) {
  serve(lost(), object(md5_of("bytes")));
  const auto stored = put_absent();
  ASSERT_TRUE(stored) << stored.error().to_string();
  EXPECT_EQ(stored->etag, md5_of("bytes"));
}

TEST_F(SettleTest, what_is_not_proven_stays_unknown_and_keeps_its_cause) {
  const std::vector<Result<Said>> looks = {
      object(md5_of("other")),            // somebody else's, or one that replaced ours
      object(md5_of("bytes"), kHourAgo),  // the same bytes, but there before
      Said{.status = 404, .body = ""},    // ours may yet arrive
      lost(), Said{.headers = {{"Content-Length", "5"}, {"ETag", md5_of("bytes")}}, .body = ""}};
  for (const Result<Said>& look : looks) {
    serve(lost(), look);
    const auto stored = put_absent();
    ASSERT_FALSE(stored);
    EXPECT_EQ(stored.error().outcome(), Outcome::unknown);
    EXPECT_NE(stored.error().message().find("the connection broke"), std::string::npos);
    EXPECT_EQ(stored.error().where().operation, "put");
  }
}

// The transport sends again when an idle connection breaks, and meets the object of the first time.
TEST_F(SettleTest, a_refusal_by_our_own_first_sending_is_a_success) {
  const Said refused{
      .status = 412, .body = "<Error><Code>PreconditionFailed</Code></Error>", .repeated = true};
  serve(refused, object(md5_of("bytes")));
  EXPECT_TRUE(put_absent());
  serve(refused, object(md5_of("other")));
  EXPECT_EQ(put_absent().error().code(), Code::precondition_failed);
  EXPECT_EQ(put_absent().error().outcome(), Outcome::unknown);
  Said once = refused;
  once.repeated = false;
  serve(once, object(md5_of("bytes")));
  EXPECT_EQ(put_absent().error().outcome(), Outcome::not_applied);
  EXPECT_EQ(transport.asked.size(), 1) << "a plain answer needs no look";
}

TEST_F(SettleTest, a_put_without_condition_is_not_looked_after) {
  serve(lost(), object(md5_of("bytes")));
  EXPECT_EQ(put("bytes").error().outcome(), Outcome::unknown);
  EXPECT_EQ(transport.asked.size(), 1);
}

TEST_F(SettleTest, an_upload_is_complete_when_the_object_of_its_parts_is_there_since) {
  const std::string etag = compose_etag(std::vector{md5_of("bytes")}).value();
  const Said gone{
      .status = 404, .body = "<Error><Code>NoSuchUpload</Code></Error>", .repeated = true};
  const Said begun{.body = "  <?xml version=\"1.0\"?>\n<Error><Code>InternalError</Code></Error>"};
  const Said cut{.body = "<CompleteMultipartUp"};
  for (const Result<Said>& answer : {lost(), Result<Said>(gone), Result<Said>(begun)}) {
    serve(answer, object(etag));
    const auto stored = complete();
    ASSERT_TRUE(stored) << stored.error().to_string();
    EXPECT_EQ(stored->etag, etag);
    serve(answer, Said{.status = 404, .body = ""});
    ASSERT_FALSE(complete());
    EXPECT_EQ(complete().error().outcome(), Outcome::unknown);
  }
  // Asked again for what an earlier call, or run, has completed.
  Said once = gone;
  once.repeated = false;
  serve(once, object(etag, kHourAgo));
  EXPECT_TRUE(complete());
  serve(once, object(md5_of("other"), kHourAgo));
  EXPECT_EQ(complete().error().code(), Code::not_found);
  serve(cut, object(etag));
  EXPECT_TRUE(complete());
}

TEST_F(SettleTest, an_error_within_a_success_is_an_error) {
  const std::string etag = compose_etag(std::vector{md5_of("bytes")}).value();
  serve(Said{.body = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>"},
        object(etag));
  const auto stored = complete();
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.error().code(), Code::permission_denied);
}

}  // namespace
}  // namespace godwit::s3
