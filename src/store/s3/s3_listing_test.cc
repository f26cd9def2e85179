// A walk through pages, against a server that is a function: what is broken is never the end.
#include <gtest/gtest.h>

#include "support/s3_fixture.h"

namespace godwit::s3 {
namespace {

using test::Asked;
using test::Said;

std::string row(const std::string& key, const std::string& rest =
                                            "<LastModified>2026-11-21T05:31:10.125Z</LastModified>"
                                            "<Size>17</Size>") {
  return "<Contents><Key>" + key + "</Key>" + rest + "</Contents>";
}

std::string page(const std::string& rows, const std::string& more = "") {
  return "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>" +
         std::string(more.empty() ? "false" : "true") + "</IsTruncated>" + rows +
         (more == "-" ? "" : more) + "</ListBucketResult>";
}

std::string token(const std::string& text) {
  return "<NextContinuationToken>" + text + "</NextContinuationToken>";
}

class ListingTest : public test::S3Fixture {
 protected:
  static Task<std::string> walk(Context context, Store& from, ListOptions options) {
    const std::unique_ptr<Listing> listing = from.list(options);
    std::string all;
    for (int pages = 0; pages < 10; ++pages) {
      GODWIT_CO_TRY(const std::vector<ListEntry> entries, co_await listing->next(context));
      if (entries.empty()) co_return all;
      for (const ListEntry& entry : entries) all += entry.key + " ";
    }
    co_return fail(Code::internal, "it never ends");
  }

  /// The keys with a blank behind each, or the error.
  std::string list(const std::vector<std::string>& pages, const ListOptions& options = {},
                   const std::string& url = "s3://buck/p/?endpoint=http://h:1") {
    open(url, [&](const Asked&) -> Result<Said> {
      return Said{.body = pages[std::min(transport.asked.size(), pages.size()) - 1]};
    });
    const Result<std::string> walked = run(walk(Context(world), *store, options));
    return walked
               ? *walked
               : std::string(to_string(walked.error().code())) + ": " + walked.error().to_string();
  }
};

TEST_F(ListingTest, goes_on_with_the_token_or_behind_the_last_key) {
  EXPECT_EQ(list({page(row("p/a"), token("t%")), page(row("p/b"))}), "a b ");
  EXPECT_NE(transport.asked[1].target.find("continuation-token=t%25"), std::string::npos);
  EXPECT_EQ(list({page(row("p/a%2Bb"), "-"), page(row("p/b"))}), "a+b b ");
  EXPECT_NE(transport.asked[1].target.find("start-after=p%2Fa%2Bb"), std::string::npos);
}

TEST_F(ListingTest, names_the_keys_that_come_in_the_wrong_order) {
  for (const auto& pages : {std::vector<std::string>{page(row("p/b") + row("p/a"))},
                            {page(row("p/b"), token("t")), page(row("p/a"))},
                            {page(row("p/a") + row("p/b") + row("p/b"))}}) {
    const std::string said = list(pages);
    EXPECT_TRUE(said.starts_with("corrupted")) << said;
    EXPECT_NE(said.find("came after 'b'"), std::string::npos) << said;
  }
}

// A key that comes too early must not hide those behind it, which a sync would delete elsewhere.
TEST_F(ListingTest, that_is_out_of_order_is_an_error_also_beyond_its_end) {
  ListOptions options;
  options.start_after = "a";
  options.end_before = "m";
  EXPECT_EQ(list({page(row("p/b") + row("p/z"))}, options), "b ");
  EXPECT_TRUE(list({page(row("p/c") + row("p/b") + row("p/z"))}, options).starts_with("corrupted"));
}

TEST_F(ListingTest, a_row_without_size_or_time_is_an_error_and_not_zero) {
  const std::string time = "<LastModified>2026-11-21T05:31:10.125Z</LastModified>";
  EXPECT_EQ(list({page(row("p/a", time + "<Size>0</Size>"))}), "a ");
  for (const std::string& rest :
       {time, time + "<Size></Size>", time + "<Size>-1</Size>", time + "<Size>1x</Size>",
        time + "<Size>99999999999999999999</Size>", std::string("<Size>1</Size>"),
        std::string("<Size>1</Size><LastModified>yesterday</LastModified>")}) {
    EXPECT_TRUE(list({page(row("p/a", rest))}).starts_with("corrupted")) << rest;
  }
  EXPECT_TRUE(list({page(row(""))}).starts_with("corrupted"));
  EXPECT_TRUE(list({page(row("p/%zz"))}).starts_with("corrupted"));
}

TEST_F(ListingTest, keys_outside_of_the_prefix_are_refused) {
  EXPECT_TRUE(list({page(row("q/a"))}).starts_with("corrupted"));
  ListOptions options;
  options.prefix = "d/";
  EXPECT_EQ(list({page(row("p/d/a"))}, options), "d/a ");
  EXPECT_TRUE(list({page(row("p/e/a"))}, options).starts_with("corrupted"));
}

TEST_F(ListingTest, the_prefix_as_an_object_has_no_name_and_stops_nothing) {
  EXPECT_EQ(list({page(row("p/"), token("t")), page(row("p/a"))}), "a ");
  // Without tokens, too, which the first version does not have.
  EXPECT_EQ(list({page(row("p/"), "-"), page(row("p/a"))}, {},
                 "s3://buck/p/?endpoint=http://h:1&list_version=1"),
            "a ");
  EXPECT_NE(transport.asked[1].target.find("marker=p%2F"), std::string::npos);
}

TEST_F(ListingTest, the_prefix_that_a_start_lies_in_is_left_out) {
  ListOptions options;
  options.depth = Depth::level;
  options.start_after = "a/1";
  const std::string prefixes =
      "<CommonPrefixes><Prefix>p/a/</Prefix></CommonPrefixes>"
      "<CommonPrefixes><Prefix>p/b/</Prefix></CommonPrefixes>";
  EXPECT_EQ(list({page(prefixes)}, options), "b/ ");
}

TEST_F(ListingTest, that_stands_still_is_an_error) {
  EXPECT_TRUE(list({page(row("p/a"), "-"), page(row("p/a"), "-")}).starts_with("corrupted"));
  EXPECT_TRUE(list({page("", "-")}).starts_with("corrupted"));
}

TEST_F(ListingTest, of_a_level_leaves_out_a_prefix_that_begins_before_the_start) {
  ListOptions level;
  level.depth = Depth::level;
  level.start_after = "d/x";
  const auto prefix = [](const std::string& name) {
    return "<CommonPrefixes><Prefix>p%2F" + name + "%2F</Prefix></CommonPrefixes>";
  };
  EXPECT_EQ(list({page(prefix("d") + prefix("e"))}, level), "e/ ");
}

TEST_F(ListingTest, of_empty_pages_without_end_is_an_error) {
  EXPECT_EQ(list({page("", token("t")), page(row("p/a"))}), "a ");
  EXPECT_TRUE(list({page("", token("t"))}).starts_with("corrupted"));
}

TEST_F(ListingTest, of_the_first_version_goes_on_by_markers) {
  const std::string url = "s3://buck/?endpoint=http://h:1&list_version=1";
  EXPECT_EQ(list({page(row("a") + row("b"), "-"), page(row("c"))}, {}, url), "a b c ");
  EXPECT_EQ(transport.asked[0].target.find("list-type"), std::string::npos);
  EXPECT_NE(transport.asked[1].target.find("marker=b"), std::string::npos);
  ListOptions level;
  level.depth = Depth::level;
  const std::string prefix = "<CommonPrefixes><Prefix>d%2F</Prefix></CommonPrefixes>";
  EXPECT_EQ(list({page(prefix, "<NextMarker>d%2F~</NextMarker>"), page(row("e"))}, level, url),
            "d/ e ");
  EXPECT_NE(transport.asked[1].target.find("marker=d%2F~"), std::string::npos);
}

}  // namespace
}  // namespace godwit::s3
