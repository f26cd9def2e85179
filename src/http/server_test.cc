#include "http/server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include "http/client.h"
#include "support/http_fetch.h"
#include "support/test_certificates.h"
#include "world/real/real_world.h"
#include "world/signal.h"

namespace godwit::http {
namespace {

using namespace std::chrono_literals;

/// What a client of a test sends, byte by byte as it is, and all that comes back until the end.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  RawClient(RawClient&&) = delete;
  ~RawClient() { ::close(socket_); }
  void send(std::string_view text) const {
    EXPECT_GE(::send(socket_, text.data(), text.size(), MSG_NOSIGNAL), 0);
  }
  [[nodiscard]] std::string read_until(std::string_view end) const {
    std::string all;
    char buffer[65536];
    while (all.find(end) == std::string::npos) {
      const auto count = ::recv(socket_, buffer, sizeof buffer, 0);
      if (count <= 0) break;
      all.append(buffer, static_cast<std::size_t>(count));
    }
    return all;
  }
  [[nodiscard]] std::string read_all() const { return read_until("never in an answer"); }

 private:
  int socket_;
};

asio::awaitable<void> echo(Exchange& exchange) {
  const RequestHead& head = exchange.head();
  if (head.target == "/nothing") co_return;
  if (head.target == "/stream") {
    const Answer answer;
    (void)co_await exchange.begin(answer, {});
    for (const char* piece : {"one ", "two ", "three"}) {
      (void)co_await exchange.send(as_bytes(piece));
    }
    (void)co_await exchange.end();
    co_return;
  }
  if (head.target == "/short") {
    const Answer answer;
    (void)co_await exchange.begin(answer, {100});
    (void)co_await exchange.send(as_bytes("not all"));
    (void)co_await exchange.end();
    co_return;
  }
  const Result<std::string> body = co_await exchange.read_body(1000);
  Answer answer{.status = body ? 200U : 413U, .body = head.method + " " + head.target + " "};
  answer.headers.set("X-Evil", "a\r\nSet-Cookie: b");
  answer.body += body ? *body : body.error().message();
  (void)co_await exchange.respond(std::move(answer));
}

/// A server on a thread of its own.
class ServerTest : public testing::Test {
 protected:
  void TearDown() override { stop(); }

  void start(ServerOptions options = {}, Handler handler = echo) {
    auto server = listen(world_, std::move(options), std::move(handler));
    ASSERT_TRUE(server) << server.error().to_string();
    server_ = *std::move(server);
    port_ = server_->endpoint().port;
    thread_ = std::thread([this] { world_.run(live(*this)); });
  }
  void stop() {
    if (!thread_.joinable()) return;
    asio::post(world_.executor(), [this] { stop_.cancel(); });
    thread_.join();
    server_.reset();
  }
  static asio::awaitable<void> live(ServerTest& test) {
    const Context context = Context(test.world_).with_cancel(test.stop_.token());
    (void)co_await context.sleep(1h);
    co_await test.server_->stop(test.grace_);
  }
  [[nodiscard]] std::string ask(std::string_view text) const {
    const RawClient client(port_);
    client.send(text);
    return client.read_all();
  }

  RealWorld world_;
  CancelSource stop_;
  Duration grace_ = 100ms;
  std::unique_ptr<Server> server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

TEST_F(ServerTest, answers_one_request_after_the_other_on_one_connection) {
  start();
  const RawClient client(port_);
  client.send("GET /a HTTP/1.1\r\n\r\nPUT /b HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi");
  client.send("GET /c HTTP/1.1\r\nConnection: close\r\n\r\n");
  const std::string all = client.read_all();
  const auto a = all.find("GET /a ");
  const auto b = all.find("PUT /b hi");
  const auto c = all.find("GET /c ");
  EXPECT_LT(a, b);
  EXPECT_LT(b, c);
  EXPECT_NE(c, std::string::npos) << all;
  EXPECT_NE(all.find("Connection: close"), std::string::npos);
}

TEST_F(ServerTest, no_value_of_a_header_can_make_another_header) {
  start();
  const std::string answer = ask("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(answer.find("\nSet-Cookie"), std::string::npos) << answer;
}

TEST_F(ServerTest, a_stream_comes_in_chunks_or_until_the_end) {
  start();
  const std::string chunks = ask("GET /stream HTTP/1.1\r\n\r\nGET / HTTP/1.0\r\n\r\n");
  EXPECT_NE(chunks.find("4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n0\r\n\r\n"), std::string::npos)
      << chunks;
  const std::string plain = ask("GET /stream HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(plain.ends_with("\r\n\r\none two three")) << plain;
}

TEST_F(ServerTest, an_answer_to_head_has_no_body) {
  start();
  const std::string answer = ask("HEAD /x HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_NE(answer.find("Content-Length: 8"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST_F(ServerTest, an_answer_that_ends_short_closes_the_connection) {
  start();
  const std::string answer = ask("GET /short HTTP/1.1\r\n\r\nGET /a HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(answer.ends_with("not all")) << answer;
}

TEST_F(ServerTest, a_handler_that_says_nothing_is_an_error_of_the_server) {
  start();
  EXPECT_TRUE(ask("GET /nothing HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 500 "));
}

TEST_F(ServerTest, a_body_over_the_limit_is_refused_and_the_answer_arrives) {
  start();
  const std::string large(2'000'000, 'x');
  const std::string sized =
      ask("PUT / HTTP/1.1\r\nContent-Length: " + std::to_string(large.size()) + "\r\n\r\n" + large);
  EXPECT_TRUE(sized.starts_with("HTTP/1.1 413 ")) << sized;
  const std::string chunked = ask("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1e8480\r\n" +
                                  large + "\r\n0\r\n\r\n");
  EXPECT_TRUE(chunked.starts_with("HTTP/1.1 413 ")) << chunked;
}

TEST_F(ServerTest, who_waits_for_a_hundred_is_told_to_go_on_or_refused) {
  start();
  const RawClient client(port_);
  client.send("PUT / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hi");
  EXPECT_NE(client.read_until("hi").find("200 OK"), std::string::npos);
  const std::string refused =
      ask("PUT / HTTP/1.1\r\nContent-Length: 9999999\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 413 ")) << refused;
}

TEST_F(ServerTest, bad_requests_are_answered_without_the_handler) {
  ServerOptions options{.max_head = 500, .head_timeout = 200ms, .idle_timeout = 200ms};
  options.refuse = [](unsigned status, const std::string& why) {
    return Answer{.status = status, .body = "refused: " + why};
  };
  start(options);
  EXPECT_TRUE(ask("nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_NE(ask("nonsense\r\n\r\n").find("refused: not HTTP"), std::string::npos);
  const std::string large = "GET / HTTP/1.1\r\nX: " + std::string(1000, 'x') + "\r\n\r\n";
  EXPECT_TRUE(ask(large).starts_with("HTTP/1.1 431 "));
  EXPECT_TRUE(ask("GET / HTTP/1.1\r\nSlow: ").starts_with("HTTP/1.1 408 "));
}

TEST_F(ServerTest, who_asks_for_nothing_is_sent_away) {
  start({.keep_alive = 100ms});
  EXPECT_EQ(ask(""), "");
}

TEST_F(ServerTest, connections_have_their_limit_and_come_back) {
  start({.max_connections = 1, .idle_timeout = 200ms});
  {
    const RawClient first(port_);
    first.send("GET /a HTTP/1.1\r\n\r\n");
    EXPECT_NE(first.read_until("GET /a ").find("200"), std::string::npos);
    EXPECT_TRUE(ask("").starts_with("HTTP/1.1 503 "));
  }
  std::string answer;
  for (int i = 0; i < 100 && !answer.starts_with("HTTP/1.1 200"); ++i) {
    answer = ask("GET /b HTTP/1.0\r\n\r\n");
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
}

asio::awaitable<void> slow(Exchange& exchange, World& world) {
  const Context context(world);
  (void)co_await context.sleep(300ms);
  Answer answer{.body = "late"};
  (void)co_await exchange.respond(std::move(answer));
}

TEST_F(ServerTest, a_stop_waits_for_answers_and_ends_who_is_idle) {
  grace_ = 5s;
  start({}, [this](Exchange& exchange) { return slow(exchange, world_); });
  const RawClient idle(port_);
  const RawClient busy(port_);
  busy.send("GET / HTTP/1.1\r\n\r\n");
  std::this_thread::sleep_for(100ms);
  std::thread stopper([this] { stop(); });
  EXPECT_EQ(idle.read_all(), "");
  const std::string answer = busy.read_all();
  stopper.join();
  EXPECT_TRUE(answer.ends_with("late")) << answer;
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
}

asio::awaitable<void> endless(Exchange& exchange) {
  const Answer answer;
  (void)co_await exchange.begin(answer, {});
  const std::string piece(1'000'000, 'x');
  for (;;) {
    const Result<void> sent = co_await exchange.send(as_bytes(piece));
    if (!sent) break;
  }
}

TEST_F(ServerTest, who_reads_nothing_is_given_up_and_a_stop_does_not_wait_for_ever) {
  start({.idle_timeout = 200ms}, endless);
  const RawClient client(port_);
  client.send("GET / HTTP/1.1\r\n\r\n");
  std::this_thread::sleep_for(600ms);
  const std::string all = client.read_all();
  EXPECT_LT(all.size(), 50'000'000U);
}

TEST_F(ServerTest, a_port_that_is_taken_is_named) {
  start();
  const auto second = listen(world_, {.port = port_}, echo);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::precondition_failed);
  EXPECT_NE(second.error().message().find(std::to_string(port_)), std::string::npos);
  EXPECT_FALSE(listen(world_, {.address = "localhost.example"}, echo));
  EXPECT_FALSE(listen(world_, {.certificate_file = "/nonexistent"}, echo));
}

asio::awaitable<void> fetch_once(Client& client, Context context, Request& request,
                                 std::optional<Result<test::Answer>>& got) {
  got = co_await test::fetch(client, context, request);
  (void)co_await client.close();
}

TEST_F(ServerTest, speaks_tls_to_our_own_client) {
  const test::Identity authority = test::make_identity(nullptr, {.alternative_names = ""});
  const test::Identity own = test::make_identity(&authority, {});
  std::string directory = std::filesystem::temp_directory_path() / "godwit_tls_XXXXXX";
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  const auto write = [&directory](const char* name, const test::Identity& identity) {
    const std::string path = directory + "/" + name;
    std::FILE* file = std::fopen(path.c_str(), "w");
    PEM_write_X509(file, identity.certificate.get());
    PEM_write_PrivateKey(file, identity.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    return path;
  };
  start({.certificate_file = write("own.pem", own)});
  RealWorld world;
  const auto client = make_client(world, {.tls = {.ca_file = write("ca.pem", authority)}});
  const std::string text = "secret";
  ViewBody body(as_bytes(text));
  Request request{.method = "PUT",
                  .endpoint = {Scheme::https, "127.0.0.1", port_},
                  .target = "/t",
                  .body = &body,
                  .body_size = text.size()};
  std::optional<Result<test::Answer>> got;
  world.run(fetch_once(*client, Context(world), request, got));
  ASSERT_TRUE(got && *got) << (*got).error().to_string();
  EXPECT_EQ((*got)->body, "PUT /t secret");
  EXPECT_EQ(ask("GET / HTTP/1.1\r\n\r\n").find("200"), std::string::npos);
  std::filesystem::remove_all(directory);
}

TEST(HttpDate, is_what_headers_want) {
  EXPECT_EQ(http_date(WallTime(1'700'000'000s)), "Tue, 14 Nov 2023 22:13:20 GMT");
}

}  // namespace
}  // namespace godwit::http
