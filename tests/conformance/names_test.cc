// Which keys a store holds, and that it holds them as they are. A key is stored 1:1 or refused with
// invalid_argument; who refuses which is declared in deviations.cc.
#include "conformance/fixture.h"

namespace godwit::conformance {
namespace {

using Keys = std::vector<std::string>;

class Names : public Conformance {
 protected:
  /// Stores what can be stored, and insists on the declared refusals.
  Keys put_all(const Keys& tried) {
    Keys stored;
    for (const std::string& key : tried) {
      const auto result = put(key, "of " + key);
      EXPECT_EQ(result.has_value(), refusal(key).empty())
          << "'" << key << "' " << (result ? "is stored" : result.error().to_string());
      if (result) stored.push_back(key);
      if (!result) {
        EXPECT_EQ(result.error().code(), Code::invalid_argument) << result.error().to_string();
      }
    }
    std::ranges::sort(stored);
    return stored;
  }

  /// Every call knows the key, and knows it as itself.
  void use_all(const Keys& stored) {
    EXPECT_EQ(keys(), stored);
    for (const std::string& key : stored) {
      EXPECT_EQ(get(key).value_or("nothing"), "of " + key) << key;
      const auto info = head(key);
      EXPECT_TRUE(info && info->key == key) << key;
      if (can().server_side_copy) {
        EXPECT_TRUE(copy(key, "copy")) << key;
        EXPECT_EQ(get("copy").value_or("nothing"), "of " + key) << key;
      }
      ListOptions options;
      options.prefix = key;
      EXPECT_EQ(keys(options).at(0), key);
      options.prefix = {};
      options.start_after = key;
      const Keys after = keys(options);
      EXPECT_EQ(std::ranges::find(after, key), after.end()) << key;
    }
    EXPECT_TRUE(remove("copy"));
  }

  void remove_all(const Keys& stored) {
    for (std::size_t at = 0; at < stored.size();) {
      const std::size_t count = std::min(can().max_removes, stored.size() - at);
      const auto outcome = run(store().remove(context(), std::span(stored).subspan(at, count)));
      ASSERT_TRUE(outcome) << outcome.error().to_string();
      for (std::size_t i = 0; i < count; ++i) EXPECT_TRUE(outcome->at(i)) << stored[at + i];
      at += count;
    }
    EXPECT_EQ(keys(), Keys());
  }

  void live_with(const Keys& tried) {
    const Keys stored = put_all(tried);
    use_all(stored);
    remove_all(stored);
  }
};
GODWIT_CONFORMANCE(Names);

TEST_P(Names, plain_and_not_so_plain_ones) {
  live_with({"plain",     "a b",         " leading", "trailing ", "a+b",    "a%20b",  "100%",
             "%",         "%zz",         "%2F",      "&<>\"'",    "&amp;",  "UPPER",  "upper",
             "x/.hidden", ".hidden",     "..hidden", "a..b",      "q?r#s",  "~tilde", "back\\slash",
             "a:b",       "a|b*c",       "-dash",    "--",        "$HOME",  "`x`",    "[1]{2}",
             "=1",        "comma,semi;", "@at",      "con",       "nul.txt"});
}

TEST_P(Names, every_byte_of_ascii) {
  Keys tried;
  for (char c = 0x01; c < 0x7f; ++c) {
    if (c != '/') tried.push_back(std::string("a") + c + "b");
  }
  tried.emplace_back("a\x7f");
  live_with(tried);
}

TEST_P(Names, bytes_of_ascii_alone_and_at_the_ends) {
  Keys tried;
  for (const char c : {'\x01', '\t', '\n', '\r', ' ', '.', '+', '%', '\x1f', '\x7f'}) {
    tried.push_back(std::string(1, c) + "begins");
    tried.push_back(std::string("ends") + c);
  }
  live_with(tried);
}

TEST_P(Names, unicode_is_not_normalised) {
  const std::string byte_order_mark = "\xef\xbb\xbf";
  const std::string right_to_left = {'\xe2', '\x80', '\xae'};
  live_with({"caf\xc3\xa9", "cafe\xcc\x81", "\xe6\x97\xa5\xe6\x9c\xac/\xe8\xaa\x9e",
             "\xf0\x9f\x90\xa6", "\xe2\x84\xab", "\xc3\x85", "A\xcc\x8a", byte_order_mark + "bom",
             right_to_left + "rtl", "\xef\xbf\xbd", "\xc3\x9f", "ss", "\xc4\xb0", "i"});
}

TEST_P(Names, slashes_and_dots_in_every_place) {
  live_with({"f/", "g//", "d//e", "/lead", "//", "a/./b", "a/../b", "./c", "../d", ".", "..", "x/.",
             "x/..", "y/...", "z/.e/f"});
}

TEST_P(Names, the_longest_keys) {
  live_with({long_key(longest_key()), long_key(longest_key() - 1), std::string(250, 'k'),
             std::string(255, 'a') + "/" + std::string(255, 'b') + "/c", std::string(256, 'l'),
             std::string(longest_key(), 'm')});
}

TEST_P(Names, too_long_and_empty_ones_are_refused) {
  const PutOptions none;
  for (const std::string& key : {std::string(), long_key(longest_key() + 1), long_key(5000)}) {
    EXPECT_EQ(put(key, "x").error().code(), Code::invalid_argument) << key.size();
    EXPECT_EQ(copy("from", key).error().code(), Code::invalid_argument) << key.size();
    for (const Code code : {get(key).error().code(), head(key).error().code()}) {
      EXPECT_TRUE(code == Code::invalid_argument || code == Code::not_found) << key.size();
    }
    EXPECT_EQ(
        insist([&] { return store().multipart()->create(context(), key, none); }).error().code(),
        Code::invalid_argument)
        << key.size();
  }
  EXPECT_TRUE(keys().empty());
}

TEST_P(Names, what_is_no_utf8_or_has_a_nul_is_refused) {
  for (const std::string& key :
       {std::string("a\0b", 3), std::string("\xff\xfe"), std::string("caf\xe9"),
        std::string("\xed\xa0\x80"), std::string("\xc0\xaf")}) {
    const auto stored = put(key, "x");
    ASSERT_FALSE(stored) << testing::PrintToString(key);
    EXPECT_EQ(stored.error().code(), Code::invalid_argument) << stored.error().to_string();
  }
  EXPECT_TRUE(keys().empty());
}

TEST_P(Names, uploads_in_parts_take_odd_names_too) {
  const PutOptions none;
  const std::string everything;
  for (const std::string& key : {std::string("a b+c%20d"), std::string("n\nl"),
                                 std::string("gr\xc3\xbcn/&<>"), long_key(longest_key())}) {
    const auto upload = insist([&] { return store().multipart()->create(context(), key, none); });
    ASSERT_TRUE(upload) << upload.error().to_string();
    const auto open = insist([&] { return store().multipart()->list(context(), everything); });
    ASSERT_TRUE(open && open->size() == 1);
    EXPECT_EQ(open->at(0).key, key);
    EXPECT_TRUE(insist([&] { return store().multipart()->abort(context(), *upload); }));
  }
}

}  // namespace
}  // namespace godwit::conformance
