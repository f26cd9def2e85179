#include "http/request_parser.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace godwit::http {
namespace {

/// Feeds `text` in pieces of `step` bytes; yields the body, or the error's code.
Result<std::string> parse(RequestParser& parser, std::string_view text, std::size_t step) {
  std::string body;
  std::string room(7, '\0');
  std::string ahead;
  while (!parser.is_done()) {
    parser.body_into(std::as_writable_bytes(std::span(room)));
    GODWIT_TRY(const std::size_t used, parser.put(as_bytes(ahead)));
    ahead.erase(0, used);
    body.append(room, 0, parser.has_head() ? parser.body_count() : 0);
    if (used > 0 || parser.is_done()) continue;
    if (text.empty()) return fail(Code::unavailable, "ended early");
    ahead += text.substr(0, step);
    text.remove_prefix(std::min(step, text.size()));
  }
  return body;
}

TEST(RequestParser, reads_the_same_whatever_the_pieces) {
  const std::string sized =
      "PUT /a%20b?x=1 HTTP/1.1\r\nHost: h\r\nX-Two: a\r\nContent-Length: 11\r\n\r\nhello world";
  const std::string chunked =
      "PUT /a%20b?x=1 HTTP/1.1\r\nHost: h\r\nX-Two: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\n\r\n";
  for (const std::string& text : {sized, chunked}) {
    for (const std::size_t step : {1U, 3U, 1000U}) {
      RequestParser parser(1000);
      const auto body = parse(parser, text, step);
      ASSERT_TRUE(body) << body.error().to_string();
      EXPECT_EQ(*body, "hello world");
      const RequestHead head = parser.head();
      EXPECT_EQ(head.method, "PUT");
      EXPECT_EQ(head.target, "/a%20b?x=1");
      EXPECT_EQ(head.headers.find("x-two"), "a");
      EXPECT_TRUE(parser.keep_alive());
      EXPECT_TRUE(parser.knows_chunks());
    }
  }
}

TEST(RequestParser, a_request_without_a_body_ends_with_its_head) {
  RequestParser parser(1000);
  const auto body = parse(parser, "GET / HTTP/1.0\r\n\r\n", 4);
  ASSERT_TRUE(body);
  EXPECT_EQ(*body, "");
  EXPECT_FALSE(parser.keep_alive());
  EXPECT_FALSE(parser.knows_chunks());
}

TEST(RequestParser, refuses_what_two_servers_could_read_in_two_ways) {
  for (const char* text :
       {"GET / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "GET /\r\n\r\n", "\x16\x03\x01 tls",
        "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "GET / HTTP/1.1\r\nbroken header\r\n\r\n"}) {
    RequestParser parser(1000);
    const auto body = parse(parser, text, 1000);
    ASSERT_FALSE(body) << text;
    EXPECT_EQ(body.error().code(), Code::corrupted) << text;
  }
}

TEST(RequestParser, a_head_has_its_limit) {
  RequestParser parser(1000);
  const auto body =
      parse(parser, "GET / HTTP/1.1\r\nX: " + std::string(2000, 'x') + "\r\n\r\n", 100);
  ASSERT_FALSE(body);
  EXPECT_EQ(body.error().code(), Code::limit_exceeded);
}

}  // namespace
}  // namespace godwit::http
