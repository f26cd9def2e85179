#include <gtest/gtest.h>

#include "store/s3/s3_errors.h"
#include "store/s3/s3_headers.h"
#include "store/s3/s3_xml.h"

namespace godwit::s3 {
namespace {

using namespace std::chrono_literals;

const std::string kPage = R"(<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>
<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>
<NextContinuationToken>t</NextContinuationToken>
<Contents><Key>a%2Fb+c%26</Key><LastModified>2026-11-21T05:31:10.125Z</LastModified>
<ETag>&quot;900150983cd24fb0d6963f7d28e17f72&quot;</ETag><Size>17</Size>
<StorageClass>STANDARD</StorageClass></Contents>
<CommonPrefixes><Prefix>a%2F</Prefix></CommonPrefixes></ListBucketResult>)";

TEST(ListPage, reads_keys_sizes_tokens_and_times) {
  std::string xml = kPage;
  const ListPage page = parse_list_page(xml).value();
  EXPECT_TRUE(page.truncated);
  EXPECT_EQ(page.next_token, "t");
  ASSERT_EQ(page.entries.size(), 2);
  EXPECT_EQ(page.entries[0].key, "a/");
  EXPECT_TRUE(page.entries[0].is_prefix);
  EXPECT_EQ(page.entries[1].key, "a/b c&");
  EXPECT_EQ(page.entries[1].size, 17);
  EXPECT_EQ(page.entries[1].etag, "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(page.entries[1].modified.time_since_epoch(), 1795239070s + 125ms);
}

TEST(ListPage, every_cut_is_an_error_and_never_a_short_page) {
  for (std::size_t cut = 0; cut < kPage.size() - 1; ++cut) {
    std::string xml = kPage.substr(0, cut);
    EXPECT_FALSE(parse_list_page(xml)) << "cut at " << cut;
  }
}

TEST(ListPage, an_error_document_is_no_page) {
  std::string xml = "<Error><Code>InternalError</Code></Error>";
  EXPECT_EQ(parse_list_page(xml).error().code(), Code::corrupted);
}

TEST(Times, both_forms_are_read_and_nonsense_is_not) {
  EXPECT_EQ(parse_http_date("Sat, 21 Nov 2026 05:31:10 GMT")->time_since_epoch(), 1795239070s);
  EXPECT_FALSE(parse_http_date("Sat, 21 Nox 2026 05:31:10 GMT"));
  EXPECT_FALSE(parse_timestamp("2026-13-21T05:31:10Z"));
  EXPECT_FALSE(parse_timestamp(""));
}

TEST(RemoveRequest, escapes_what_xml_reserves) {
  const std::vector<std::string> keys = {"a<b>&\"c\n"};
  EXPECT_NE(remove_request("p/", keys).find("<Key>p/a&lt;b&gt;&amp;&quot;c&#10;</Key>"),
            std::string::npos);
}

TEST(RemoveRequest, xml_has_no_words_for_most_control_characters) {
  EXPECT_TRUE(fits_xml("a b\t\r\n<\x7f\xc3\xbc\xef\xbf\xbd"));
  EXPECT_FALSE(fits_xml("a\x01"));
  EXPECT_FALSE(fits_xml("\x1f"));
  EXPECT_FALSE(fits_xml("a\xef\xbf\xbf"));
}

std::string told_as(const char* value) {
  http::Headers headers;
  headers.add("content-length", "1");
  headers.add("last-modified", "Sat, 21 Nov 2026 05:31:10 GMT");
  headers.add("x-amz-meta-word", value);
  return read_info("k", headers)->metadata.user.at("word");
}

TEST(UserMetadata, encoded_words_are_decoded_and_others_left_alone) {
  EXPECT_EQ(told_as("=?UTF-8?B?Z3LDvG4=?="), "gr\xc3\xbcn");
  EXPECT_EQ(told_as("=?UTF-8?Q?caf=C3=A9_au=5flait?="), "caf\xc3\xa9 au_lait");
  EXPECT_EQ(told_as("=?UTF-8?Q?=4=zz=?="), "=4=zz=");
  for (const char* plain : {"=?UTF-8?X?abc?=", "=?UTF-8?=", "=?UTF-8?B?=", "=?UTF-8?Q?x", "a=41"}) {
    EXPECT_EQ(told_as(plain), plain);
  }
}

struct ErrorCase {
  Refusal refusal;
  Code code;
  Retry retry;
};

TEST(Errors, are_told_apart_by_what_a_caller_does) {
  const http::Headers none;
  const std::vector<ErrorCase> cases = {
      {{404, "NoSuchKey", ""}, Code::not_found, Retry::never},
      {{404, "", ""}, Code::not_found, Retry::never},
      {{403, "SignatureDoesNotMatch", ""}, Code::permission_denied, Retry::never},
      {{503, "SlowDown", ""}, Code::throttled, Retry::later},
      {{500, "InternalError", ""}, Code::unavailable, Retry::later},
      {{412, "", ""}, Code::precondition_failed, Retry::never},
      {{403, "QuotaExceeded", ""}, Code::no_space, Retry::never},
      {{400, "BadDigest", ""}, Code::corrupted, Retry::later},
      {{501, "", ""}, Code::unsupported, Retry::never}};
  for (const ErrorCase& c : cases) {
    const Error error = to_error(c.refusal, none);
    EXPECT_EQ(error.code(), c.code) << c.refusal.code << c.refusal.status;
    EXPECT_EQ(error.retry(), c.retry) << c.refusal.code << c.refusal.status;
  }
  EXPECT_EQ(to_error({500, "InternalError", ""}, none).outcome(), Outcome::unknown);
  http::Headers named;
  named.set("x-amz-request-id", "tx01");
  EXPECT_EQ(to_error({403, "AccessDenied", "no"}, named).message(), "AccessDenied: no [tx01]");
}

TEST(Errors, keep_the_pause_that_the_service_asks_for) {
  http::Headers headers;
  headers.add("Retry-After", "3");
  EXPECT_EQ(to_error({503, "SlowDown", ""}, headers).retry_after(), 3s);
  headers.set("Retry-After", "86400");
  EXPECT_EQ(to_error({503, "SlowDown", ""}, headers).retry_after(), 60s) << "it is capped";
  headers.set("Retry-After", "Sat, 21 Nov 2026 05:31:17 GMT");
  EXPECT_EQ(to_error({503, "SlowDown", ""}, headers).retry_after(), std::nullopt);
  headers.set("Date", "Sat, 21 Nov 2026 05:31:10 GMT");
  EXPECT_EQ(to_error({503, "SlowDown", ""}, headers).retry_after(), 7s);
  headers.set("Retry-After", "soon");
  EXPECT_EQ(to_error({503, "SlowDown", ""}, headers).retry_after(), std::nullopt);
}

TEST(Metadata, survive_the_way_through_headers) {
  PutOptions options;
  options.metadata.content_type = "text/plain";
  options.metadata.cache_control = "no-cache";
  options.metadata.user = {{"a", "1"}, {"b", "gr\xc3\xbcn"}};
  http::Headers headers;
  add_metadata(headers, options, Config{});
  headers.add("Content-Length", "5");
  headers.add("ETag", "\"x\"");
  EXPECT_FALSE(read_info("k", headers)) << "a time is not guessed";
  headers.add("Last-Modified", "Sat, 21 Nov 2026 05:31:10 GMT");
  const ObjectInfo info = read_info("k", headers).value();
  EXPECT_EQ(info.metadata, options.metadata);
  EXPECT_EQ(info.size, 5);
  EXPECT_EQ(info.etag, "x");
}

TEST(Metadata, encoded_words_are_decoded_and_ranges_tell_the_whole_size) {
  http::Headers headers;
  headers.add("x-amz-meta-a", "=?UTF-8?B?Z3LDvG4=?=");
  headers.add("Content-Length", "10");
  headers.add("Content-Range", "bytes 0-9/100");
  headers.add("Last-Modified", "Sat, 21 Nov 2026 05:31:10 GMT");
  const ObjectInfo info = read_info("k", headers).value();
  EXPECT_EQ(info.metadata.user.at("a"), "gr\xc3\xbcn");
  EXPECT_EQ(info.size, 100);
}

}  // namespace
}  // namespace godwit::s3
