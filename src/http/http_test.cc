#include <gtest/gtest.h>

#include "http/proxy.h"
#include "http/response_head.h"
#include "http/url.h"

namespace godwit::http {
namespace {

TEST(Url, reads_hosts_ports_and_targets) {
  EXPECT_EQ(parse_url("http://h")->endpoint.port, 80);
  EXPECT_EQ(parse_url("https://h/a?b#c")->target, "/a?b");
  EXPECT_EQ(parse_url("https://h")->endpoint.port, 443);
  EXPECT_EQ(parse_url("http://[::1]:7480/")->endpoint.host, "::1");
  EXPECT_EQ(parse_url("http://[::1]:7480/")->endpoint.authority(), "[::1]:7480");
}

TEST(Url, refuses_what_is_no_http_url) {
  for (const char* text :
       {"", "h", "ftp://h", "http://", "http://h:0", "http://h:99999", "http://u:p@h", "http://h x",
        "http://[::1", "http://h:", "http://h:1:2", "http://h]", "http://[::1]x", "http://[h_]"}) {
    EXPECT_FALSE(parse_url(text)) << text;
  }
}

TEST(Url, encodes_and_decodes_every_byte) {
  std::string all;
  for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(uri_decode(uri_encode(all, Slash::encode)).value(), all);
  EXPECT_EQ(uri_encode("a/b c+d~", Slash::keep), "a/b%20c%2Bd~");
  EXPECT_FALSE(uri_decode("%4"));
  EXPECT_FALSE(uri_decode("%zz"));
}

Result<ResponseHead> head_of(std::string_view fields) {
  return parse_response_head("HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n", HeadRequest::no);
}

TEST(ResponseHead, tells_how_the_body_is_framed) {
  EXPECT_EQ(head_of("Content-Length: 5\r\n")->framing, Framing::length);
  EXPECT_EQ(head_of("transfer-encoding: chunked\r\n")->framing, Framing::chunked);
  EXPECT_EQ(head_of("")->framing, Framing::until_close);
  EXPECT_FALSE(head_of("")->keep_alive);
  EXPECT_EQ(parse_response_head("HTTP/1.1 204 x\r\n\r\n", HeadRequest::no)->framing, Framing::none);
  EXPECT_EQ(parse_response_head("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", HeadRequest::yes)
                ->framing,
            Framing::none);
}

TEST(ResponseHead, refuses_what_smuggles) {
  for (const char* fields :
       {"Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Content-Length: -1\r\n",
        "Content-Length: 5x\r\n", "Transfer-Encoding: gzip, chunked\r\n", "X : y\r\n",
        " folded\r\n", "X: a\rb\r\n", ": y\r\n"}) {
    EXPECT_FALSE(head_of(fields)) << fields;
  }
  EXPECT_FALSE(parse_response_head("HTTP/2 200\r\n\r\n", HeadRequest::no));
  EXPECT_FALSE(parse_response_head("HTTP/1.1 2x0 OK\r\n\r\n", HeadRequest::no));
}

TEST(ResponseHead, finds_fields_without_case) {
  EXPECT_EQ(head_of("ETag: \"x\"\r\n")->headers.find("etag"), "\"x\"");
}

TEST(ChunkSize, is_hexadecimal_with_extensions) {
  EXPECT_EQ(parse_chunk_size("1aF;name=value").value(), 0x1af);
  EXPECT_FALSE(parse_chunk_size(""));
  EXPECT_FALSE(parse_chunk_size("-1"));
  EXPECT_FALSE(parse_chunk_size("12 34"));
}

bool bypasses(std::string_view list, const std::string& host, std::uint16_t port = 443) {
  return bypasses_proxy(list, Endpoint{Scheme::https, host, port});
}

TEST(NoProxy, knows_names_suffixes_ports_and_networks) {
  EXPECT_TRUE(bypasses("a, h.example", "h.example"));
  EXPECT_TRUE(bypasses(".example", "h.example"));
  EXPECT_TRUE(bypasses("example", "h.example"));
  EXPECT_FALSE(bypasses("ample", "h.example"));
  EXPECT_TRUE(bypasses("h:443", "h"));
  EXPECT_FALSE(bypasses("h:444", "h"));
  EXPECT_TRUE(bypasses("10.0.0.0/8", "10.1.2.3"));
  EXPECT_FALSE(bypasses("10.0.0.0/8", "11.1.2.3"));
  EXPECT_TRUE(bypasses("*", "x"));
}

}  // namespace
}  // namespace godwit::http
