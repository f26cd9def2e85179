// Parsers of bytes from outside, fed with damaged and invented input from a fixed seed: none may
// crash (the address and undefined sanitizers watch), and what is accepted keeps its promises.
#include <gtest/gtest.h>

#include <random>

#include "http/response_head.h"
#include "store/s3/s3_profile.h"
#include "store/s3/s3_xml.h"

namespace godwit::s3 {
namespace {

constexpr int kRounds = 20'000;
constexpr int kMostDamages = 4;

const std::string kPage =
    "<?xml version=\"1.0\"?><ListBucketResult><EncodingType>url</EncodingType>"
    "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"
    "<Contents><Key>a%2Fb</Key><LastModified>2026-11-21T05:31:10.125Z</LastModified>"
    "<ETag>&quot;900150983cd24fb0d6963f7d28e17f72&quot;</ETag><Size>17</Size></Contents>"
    "<Contents><Key>c</Key><LastModified>2026-11-21T05:31:10Z</LastModified>"
    "<Size>18446744073709551615</Size></Contents>"
    "<CommonPrefixes><Prefix>b/</Prefix></CommonPrefixes></ListBucketResult>";
const std::string kHead =
    "HTTP/1.1 200 OK\r\nContent-Length: 17\r\nConnection: keep-alive\r\nETag: \"x\"\r\n\r\n";
const std::string kIni =
    "# c\n[default]\naws_access_key_id = A\naws_secret_access_key=B\n\n[profile b]\r\nx=y\r\n";

/// Damages `text`: bytes changed, removed, doubled; ends cut; pieces moved.
class Damager {
 public:
  std::string operator()(std::string text) {
    for (int left = 1 + below(kMostDamages); left > 0; --left) damage(text);
    return text;
  }

 private:
  int below(std::size_t end) { return static_cast<int>(generator_() % end); }
  void damage(std::string& text) {
    static constexpr std::string_view kTelling(
        "<>/&;\"'=[]%+: \r\n\0\xff"
        "09aZ",
        22);
    if (text.empty()) text = "<";
    const auto at = static_cast<std::size_t>(below(text.size()));
    const auto length = static_cast<std::size_t>(below(16));
    const char byte = kTelling[static_cast<std::size_t>(below(kTelling.size()))];
    switch (below(6)) {
      case 0: text[at] = byte; break;
      case 1: text.insert(at, 1, byte); break;
      case 2: text.erase(at, length); break;
      case 3: text.insert(at, text.substr(at, length)); break;
      case 4: text.resize(at); break;
      default: text[at] = static_cast<char>(generator_()); break;
    }
  }

  std::mt19937_64 generator_{20261121};
};

struct Count {
  int accepted = 0;
  int refused = 0;
};

// A round that only accepts or only refuses would show that the damage is of the wrong size.
void expect_both(const Count& count) {
  EXPECT_GT(count.accepted, kRounds / 100);
  EXPECT_GT(count.refused, kRounds / 100);
}

TEST(RandomInput, a_damaged_listing_is_refused_or_has_a_key_for_each_entry) {
  Damager damage;
  Count count;
  for (int round = 0; round < kRounds; ++round) {
    const std::string xml = damage(kPage);
    const Result<ListPage> page = parse_list_page(xml);
    ++(page ? count.accepted : count.refused);
    if (!page) {
      ASSERT_EQ(page.error().code(), Code::corrupted) << xml;
      continue;
    }
    for (const ListEntry& entry : page->entries) ASSERT_FALSE(entry.key.empty()) << xml;
  }
  expect_both(count);
}

TEST(RandomInput, a_damaged_answer_to_other_calls_is_read_or_refused_as_corrupted) {
  Damager damage;
  for (int round = 0; round < kRounds; ++round) {
    std::string parts = damage(
        "<ListPartsResult><IsTruncated>false</IsTruncated><Part>"
        "<PartNumber>1</PartNumber><Size>5</Size></Part></ListPartsResult>");
    std::string removed = damage("<DeleteResult><Error><Key>k</Key></Error></DeleteResult>");
    const Result<PartsPage> page = parse_parts_page(parts);
    const auto errors = parse_remove_answer(removed);
    ASSERT_TRUE(page || page.error().code() == Code::corrupted);
    ASSERT_TRUE(errors || errors.error().code() == Code::corrupted);
  }
}

TEST(RandomInput, a_damaged_credentials_file_gives_whole_keys_or_none) {
  Damager damage;
  Count count;
  for (int round = 0; round < kRounds; ++round) {
    const std::string text = damage(kIni);
    const std::vector<std::string> titles = {"default"};
    const auto settings = parse_section(text, titles);
    ASSERT_TRUE(settings || settings.error().code() == Code::invalid_argument) << text;
    if (!settings || !*settings) {
      ++count.refused;
      continue;
    }
    const auto keys = keys_of(**settings, "default");
    const bool found = keys && *keys;
    ++(found ? count.accepted : count.refused);
    if (found) {
      ASSERT_FALSE((*keys)->access_key.empty() || (*keys)->secret_key.empty()) << text;
    }
  }
  expect_both(count);
}

TEST(RandomInput, a_damaged_response_head_is_refused_or_framed_in_one_way) {
  Damager damage;
  Count count;
  for (int round = 0; round < kRounds; ++round) {
    const std::string text = damage(kHead);
    const auto head = http::parse_response_head(text, http::HeadRequest::no);
    ++(head ? count.accepted : count.refused);
    if (!head) {
      ASSERT_EQ(head.error().code(), Code::corrupted) << text;
      continue;
    }
    ASSERT_TRUE(head->framing != http::Framing::until_close || !head->keep_alive) << text;
    ASSERT_TRUE(head->status >= 100 && head->status <= 999) << text;
  }
  expect_both(count);
}

TEST(RandomInput, a_damaged_time_is_refused_or_of_four_digit_years) {
  Damager damage;
  Count count;
  for (int round = 0; round < kRounds; ++round) {
    const std::string text = damage("2026-11-21T05:31:10.123456789123Z");
    const auto time = parse_timestamp(text);
    ++(time ? count.accepted : count.refused);
    const auto again = parse_http_date(damage("Sat, 21 Nov 2026 05:31:10 GMT"));
    if (!time || !again) continue;
    const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(*time));
    ASSERT_EQ(static_cast<int>(date.year()), std::stoi(text.substr(0, 4))) << text;
  }
  expect_both(count);
}

}  // namespace
}  // namespace godwit::s3
