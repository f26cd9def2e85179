#include "service/request.h"

#include <gtest/gtest.h>

namespace godwit::service {
namespace {

using Names = std::map<std::string, std::string>;

std::optional<Names> matched(std::string_view pattern, std::string_view path) {
  auto found = match(pattern, path);
  return found ? *found : std::nullopt;
}

TEST(Request, a_path_gives_the_names_of_its_pattern) {
  const std::string_view key = "/g/{group}/objects/{key...}";
  EXPECT_EQ(matched(key, "/g/a/objects/x/y%2Fz%20"), (Names{{"group", "a"}, {"key", "x/y/z "}}));
  EXPECT_EQ(matched("/g/{group}", "/g/a"), (Names{{"group", "a"}}));
  EXPECT_EQ(matched("/g/{group}/pause", "/g/a/pause"), (Names{{"group", "a"}}));
  EXPECT_EQ(matched("/g/{group}", "/g/"), std::nullopt);
  EXPECT_EQ(matched("/g/{group}", "/g/a/b"), std::nullopt);
  EXPECT_EQ(matched(key, "/g/a/objects/"), std::nullopt);
  EXPECT_EQ(matched("/g", "/g/"), std::nullopt);
  EXPECT_FALSE(match("/g/{group}", "/g/%zz"));
}

TEST(Request, a_query_is_decoded_and_each_name_is_there_once) {
  const auto asked = parse_target("/p?a=1+2%2B&b=&c&&d=x=y");
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->path, "/p");
  EXPECT_EQ(asked->query, (Names{{"a", "1 2+"}, {"b", ""}, {"c", ""}, {"d", "x=y"}}));
  EXPECT_FALSE(parse_target("/p?a=1&a=2"));
  EXPECT_FALSE(parse_target("/p?a=%"));
}

TEST(Request, arguments_are_known_and_of_their_type) {
  const std::vector<Argument> known = {{.name = "limit", .type = Type::count},
                                       {.name = "dry_run", .type = Type::truth},
                                       {.name = "key", .required = true}};
  EXPECT_TRUE(check_query({{"key", "x"}, {"limit", "5"}, {"dry_run", "true"}}, known));
  EXPECT_FALSE(check_query({{"key", "x"}, {"limit", "-5"}}, known));
  EXPECT_FALSE(check_query({{"key", "x"}, {"dry_run", "yes"}}, known));
  EXPECT_FALSE(check_query({}, known));
  EXPECT_EQ(check_query({{"limt", "5"}}, known).error().hint(), "did you mean 'limit'?");

  EXPECT_TRUE(parse_fields(R"({"key": "x", "limit": 5, "dry_run": false})", known));
  for (const char* wrong : {"", "{}", "[]", "nonsense", "null", R"({"key": 5})",
                            R"({"key": "x", "limit": -1})", R"({"key": "x", "limit": 1.5})",
                            R"({"key": "x", "dry_run": "true"})", R"({"key": "x", "other": 1})"}) {
    const auto refused = parse_fields(wrong, known);
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error().code(), Code::invalid_argument);
  }
}

TEST(Request, a_token_gives_its_role_and_no_other_does) {
  EXPECT_EQ(access_of("", "", ""), Access::operate);
  EXPECT_EQ(access_of("", "look", "act"), std::nullopt);
  EXPECT_EQ(access_of("Bearer look", "look", "act"), Access::read);
  EXPECT_EQ(access_of("Bearer act", "look", "act"), Access::operate);
  EXPECT_EQ(access_of("Bearer lookact", "look", "act"), std::nullopt);
  EXPECT_EQ(access_of("Bearer ", "", "act"), std::nullopt) << "an empty token is none";
  EXPECT_EQ(access_of("Basic act", "look", "act"), std::nullopt);
  EXPECT_EQ(access_of("Bearer acta", "", "act"), std::nullopt);
}

TEST(Request, an_address_to_listen_on_has_a_port_and_says_who_can_reach_it) {
  EXPECT_TRUE(parse_listen("127.0.0.1:7070")->is_loopback());
  EXPECT_TRUE(parse_listen("[::1]:7070")->is_loopback());
  EXPECT_EQ(parse_listen("[::1]:7070")->port, 7070);
  EXPECT_FALSE(parse_listen("0.0.0.0:7070")->is_loopback());
  EXPECT_FALSE(parse_listen("[::]:0")->is_loopback());
  for (const char* wrong : {"7070", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "a:b"}) {
    EXPECT_FALSE(parse_listen(wrong)) << wrong;
  }
}

TEST(Request, a_name_of_this_machine_is_told_from_one_that_only_begins_so) {
  for (const char* own : {"localhost", "localhost:7070", "127.0.0.1:7070", "[::1]:7070",
                          "http://localhost:7070", "https://127.0.0.1"}) {
    EXPECT_TRUE(names_loopback(own)) << own;
  }
  for (const char* other : {"evil.example", "127.0.0.1.evil.example", "localhost.evil.example:7070",
                            "http://evil.example", "null", ""}) {
    EXPECT_FALSE(names_loopback(other)) << other;
  }
}

}  // namespace
}  // namespace godwit::service
