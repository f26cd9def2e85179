// What a server, a network or a caller can do to an exchange, one behaviour per test.
#include <gtest/gtest.h>

#include "http/client.h"
#include "http/connection.h"
#include "support/http_fetch.h"
#include "support/http_peer.h"
#include "world/real/real_world.h"
#include "world/signal.h"

namespace godwit::http {
namespace {

using namespace std::chrono_literals;
using test::Answer;
using test::fetch;
using test::Peer;
using test::PeerServer;

const std::string kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const std::string kChunkedHello =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nT: "
    "v\r\n\r\n";

/// Answers every request with `answer`, as long as the client asks.
PeerServer::Behaviour always(std::string answer) {
  return [answer = std::move(answer)](Peer& peer, int) {
    while (!peer.read_head().empty()) peer.write(answer);
  };
}

/// Answers the first request of each connection, then closes.
PeerServer::Behaviour once(std::string answer) {
  return [answer = std::move(answer)](Peer& peer, int) {
    peer.read_head();
    peer.write(answer);
  };
}

/// A body that cannot be sent twice.
class OneWayBody final : public Body {
 public:
  explicit OneWayBody(std::string bytes) : bytes_(std::move(bytes)) {}
  Task<std::size_t> read(MutableByteSpan into) override { co_return co_await bytes_.read(into); }

 private:
  MemoryBody bytes_;
};

class ClientFaults : public testing::Test {
 protected:
  static Request request_to(const PeerServer& server, std::string method = "GET") {
    Request request;
    request.method = std::move(method);
    request.endpoint = {Scheme::http, "127.0.0.1", server.port()};
    request.target = "/x";
    return request;
  }
  asio::awaitable<void> fetch_all(Client& client, Request& request, int times) {
    for (int i = 0; i < times; ++i) results.push_back(co_await fetch(client, context, request));
    (void)co_await client.close();
  }
  void send(Request& request, int times = 1) {
    results.clear();
    const auto client = make_client(world, options);
    world.run(fetch_all(*client, request, times));
    stats = client->stats();
  }
  void get(const PeerServer& server, int times = 1) {
    Request request = request_to(server);
    send(request, times);
  }
  void put(const PeerServer& server, std::unique_ptr<Body> body, Bytes size,
           Expect expect = Expect::nothing) {
    Request request = request_to(server, "PUT");
    request.body = body.get();
    request.body_size = size;
    request.expect = expect;
    send(request);
  }
  [[nodiscard]] const Error& error() const { return results.back().error(); }

  RealWorld world;
  Context context{world};
  ClientOptions options;
  std::vector<Result<Answer>> results;
  ClientStats stats;
};

TEST_F(ClientFaults, no_cut_of_an_answer_passes_for_a_whole_one) {
  for (const std::string& whole : {kHello, kChunkedHello}) {
    PeerServer server([&whole](Peer& peer, int number) {
      peer.read_head();
      peer.write(whole.substr(0, static_cast<std::size_t>(number)));
    });
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
      put(server, std::make_unique<MemoryBody>("x"), 1);
      ASSERT_FALSE(results[0]) << "cut at " << cut;
      EXPECT_EQ(error().code(), Code::unavailable);
      EXPECT_EQ(error().outcome(), Outcome::unknown);
    }
  }
}

TEST_F(ClientFaults, an_answer_may_come_in_pieces_of_any_size) {
  for (const std::string& whole : {kHello, kChunkedHello}) {
    PeerServer slow([&whole](Peer& peer, int) {
      while (!peer.read_head().empty()) peer.write_slowly(whole);
    });
    get(slow, 20);
    for (const auto& result : results) EXPECT_EQ(result.value().body, "hello");
    EXPECT_EQ(slow.connections(), 1);
  }
}

TEST_F(ClientFaults, a_server_that_does_not_speak_http_is_corrupted) {
  const std::string kOk = "HTTP/1.1 200 OK\r\n";
  const std::string long_line(2000, 'x');
  std::string many_fields = kOk;
  for (int i = 0; i < 300; ++i) many_fields += "X: y\r\n";
  std::string interim;
  for (int i = 0; i < 100; ++i) interim += "HTTP/1.1 102 Processing\r\n\r\n";
  std::string trailers = kOk + "Transfer-Encoding: chunked\r\n\r\n0\r\n";
  for (int i = 0; i < 200; ++i) trailers += "T: v\r\n";
  for (const std::string& answer :
       {std::string("220 smtp.example ESMTP\r\n\r\n"), "HTTP/1.1 101 Switching\r\n\r\n" + kHello,
        kOk + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        kOk + "Content-Length: 1, 2\r\n\r\n", kOk + "X: " + std::string(70'000, 'x'),
        many_fields + "\r\n", interim, trailers + "\r\n",
        kOk + "Transfer-Encoding: chunked\r\n\r\n" + long_line,
        kOk + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        kOk + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n"}) {
    PeerServer server(once(answer));
    get(server);
    ASSERT_FALSE(results[0]) << answer.substr(0, 100);
    EXPECT_EQ(error().code(), Code::corrupted) << error().to_string();
  }
}

TEST_F(ClientFaults, a_connection_with_more_bytes_than_the_answer_is_not_used_again) {
  PeerServer server(always(kHello + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"));
  get(server, 2);
  EXPECT_EQ(results[1].value().body, "hello");
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(ClientFaults, close_and_http_1_0_end_a_connection) {
  for (const char* head : {"HTTP/1.1 200 OK\r\nConnection: x, close\r\n", "HTTP/1.0 200 OK\r\n"}) {
    PeerServer server(always(std::string(head) + "Content-Length: 2\r\n\r\nhi"));
    get(server, 2);
    EXPECT_EQ(results[1].value().body, "hi");
    EXPECT_EQ(server.connections(), 2);
  }
}

TEST_F(ClientFaults, a_connection_idle_too_long_is_not_used_again) {
  options.keep_alive = 0s;
  PeerServer server(always(kHello));
  get(server, 2);
  EXPECT_EQ(server.connections(), 2);
}

asio::awaitable<void> drop_bodies(Client& client, Context context, Request& request) {
  for (int i = 0; i < 3; ++i) {
    Result<Response> response = co_await client.send(context, request);
    EXPECT_TRUE(response);
    // Lets what is behind the head arrive with it.
    std::array<std::byte, 1> first{};
    const Result<std::size_t> count = co_await response->body->read(first);
    EXPECT_EQ(count.value(), 1);
  }
  (void)co_await client.close();
}

TEST_F(ClientFaults, a_body_that_is_dropped_costs_its_connection_only_if_much_is_to_come) {
  const auto client = make_client(world, options);
  PeerServer small(always(kHello));
  Request request = request_to(small);
  world.run(drop_bodies(*client, context, request));
  EXPECT_EQ(small.connections(), 1);
  const auto other = make_client(world, options);
  PeerServer large(always("HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\nx"));
  request = request_to(large);
  world.run(drop_bodies(*other, context, request));
  EXPECT_EQ(large.connections(), 3);
}

asio::awaitable<void> put_after_close(World& world, Client& client, Context context, Request& first,
                                      Result<Answer>& answer) {
  (void)co_await fetch(client, context, first);
  // The server has closed by now, or will have before the next line matters.
  (void)co_await world.sleep_until(world.mono_now() + 50ms, {});
  OneWayBody body("12345");
  Request second = first;
  second.method = "PUT";
  second.body = &body;
  second.body_size = 5;
  answer = co_await fetch(client, context, second);
  (void)co_await client.close();
}

TEST_F(ClientFaults, a_connection_that_the_server_closed_takes_no_body_that_is_sent_only_once) {
  PeerServer server(once(kHello));
  const auto client = make_client(world, options);
  Request request = request_to(server);
  Result<Answer> answer = fail(Code::internal, "not run");
  world.run(put_after_close(world, *client, context, request, answer));
  EXPECT_EQ(answer.value().body, "hello");
}

// Whoever closed may have acted on it: that it was sent twice is told.
TEST_F(ClientFaults, an_answer_to_a_second_sending_says_so) {
  PeerServer server([](Peer& peer, int number) {
    peer.read_head();
    peer.write(kHello);
    peer.read_head();
    if (number > 0) peer.write(kHello);
  });
  get(server, 2);
  ASSERT_EQ(results.size(), 2);
  EXPECT_FALSE(results[0].value().repeated);
  EXPECT_TRUE(results[1].value().repeated);
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(ClientFaults, a_request_is_one_request) {
  PeerServer server(always(kHello));
  for (const char* value : {"a\r\nX: y", "a\nb", "a\rb"}) {
    Request request = request_to(server);
    request.headers.add("x-amz-meta-a", value);
    send(request);
    EXPECT_EQ(error().code(), Code::invalid_argument);
  }
  for (const char* name : {"x-amz-meta-a b", "a:b", "", "a\r\nb", "gr\xc3\xbcn"}) {
    Request request = request_to(server);
    request.headers.add(name, "x");
    send(request);
    EXPECT_EQ(error().code(), Code::invalid_argument) << name;
  }
  Request request = request_to(server);
  request.target = "/ HTTP/1.1\r\n\r\nGET /evil";
  send(request);
  EXPECT_EQ(error().code(), Code::invalid_argument);
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(ClientFaults, a_refusal_in_the_middle_of_a_body_is_heard) {
  PeerServer server([](Peer& peer, int) {
    peer.read_head();
    peer.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
  });
  put(server, std::make_unique<MemoryBody>(std::string(32 * kMiB, 'x')), 32 * kMiB);
  if (results[0]) {
    EXPECT_EQ(results[0]->status, 403);
  } else {
    // The reset has overtaken the answer; even so nothing is claimed that is not so.
    EXPECT_EQ(error().outcome(), Outcome::not_applied);
  }
}

TEST_F(ClientFaults, a_body_waits_for_100_continue_and_for_a_silent_server_a_second) {
  const std::string body(kMiB, 'x');
  for (const char* interim : {"HTTP/1.1 100 Continue\r\n\r\n",
                              "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n", ""}) {
    std::string got;
    PeerServer server([&got, interim](Peer& peer, int) {
      EXPECT_NE(peer.read_head().find("Expect: 100-continue"), std::string::npos);
      peer.write(interim);
      got = peer.read_exactly(kMiB);
      peer.write(kHello);
    });
    put(server, std::make_unique<MemoryBody>(body), kMiB, Expect::continue_100);
    EXPECT_EQ(results[0].value().body, "hello");
    EXPECT_EQ(got, body);
  }
}

TEST_F(ClientFaults, speaks_ipv6_and_looks_up_names) {
  PeerServer v6(always(kHello), nullptr, AF_INET6);
  Request request = request_to(v6);
  request.endpoint.host = "::1";
  send(request);
  EXPECT_EQ(results[0].value().body, "hello");
  PeerServer v4(always(kHello));
  request = request_to(v4);
  request.endpoint.host = "localhost";
  send(request);
  EXPECT_EQ(results[0].value().body, "hello");
}

TEST_F(ClientFaults, counts_what_it_did) {
  PeerServer server(always(kHello));
  get(server, 3);
  EXPECT_EQ(stats.requests, 3);
  EXPECT_EQ(stats.connections, 1);
  EXPECT_EQ(stats.received, 3 * kHello.size());
  EXPECT_GT(stats.sent, 3 * 20);
}

/// A server that stops at some point of the exchange and waits for the client to give up.
struct Phase {
  const char* name;
  PeerServer::Behaviour behaviour;
  Outcome outcome;
  Bytes body_size = 32 * kMiB;  ///< more than fits between client and server
};
constexpr Bytes kSomeBody = 100'000;

void PrintTo(const Phase& phase, std::ostream* out) { *out << phase.name; }

class StuckServer : public ClientFaults, public testing::WithParamInterface<Phase> {
 protected:
  asio::awaitable<void> cancel_soon(CancelSource& source) {
    (void)co_await world.sleep_until(world.mono_now() + 100ms, {});
    source.cancel();
  }
  asio::awaitable<void> fetch_and_cancel(Client& client, Request& request) {
    CancelSource source;
    TaskGroup group(world.executor());
    group.spawn(cancel_soon(source));
    results.push_back(co_await fetch(client, context.with_cancel(source.token()), request));
    co_await group.join();
    (void)co_await client.close();
  }
  Request request_for(const PeerServer& server) {
    Request request = request_to(server, "PUT");
    request.body = &body;
    request.body_size = GetParam().body_size;
    if (std::string_view(GetParam().name) == "tls") request.endpoint.scheme = Scheme::https;
    return request;
  }
  MemoryBody body{std::string(GetParam().body_size, 'x')};
};

TEST_P(StuckServer, cancelling_ends_the_request_at_once) {
  PeerServer server(GetParam().behaviour);
  Request request = request_for(server);
  const auto client = make_client(world, options);
  const MonoTime start = world.mono_now();
  world.run(fetch_and_cancel(*client, request));
  EXPECT_EQ(error().code(), Code::cancelled) << error().to_string();
  EXPECT_EQ(error().outcome(), GetParam().outcome);
  EXPECT_LT(world.mono_now() - start, 2s);
}

TEST_P(StuckServer, the_deadline_ends_the_request) {
  PeerServer server(GetParam().behaviour);
  Request request = request_for(server);
  context = context.with_timeout(100ms);
  const MonoTime start = world.mono_now();
  send(request);
  EXPECT_EQ(error().code(), Code::timed_out) << error().to_string();
  EXPECT_EQ(error().outcome(), GetParam().outcome);
  EXPECT_NE(error().message().find("deadline"), std::string::npos) << error().message();
  EXPECT_LT(world.mono_now() - start, 2s);
}

TEST_P(StuckServer, silence_ends_the_request) {
  PeerServer server(GetParam().behaviour);
  Request request = request_for(server);
  options.idle_timeout = 100ms;
  options.connect_timeout = 150ms;
  send(request);
  EXPECT_EQ(error().code(), Code::timed_out) << error().to_string();
  EXPECT_EQ(error().outcome(), GetParam().outcome);
}

void read_all_of_it(Peer& peer) {
  peer.read_head();
  peer.read_exactly(kSomeBody);
}

INSTANTIATE_TEST_SUITE_P(Phases, StuckServer,
                         testing::Values(Phase{"tls",
                                               [](Peer& peer, int) { peer.wait_for_close(); },
                                               Outcome::not_applied},
                                         Phase{"body",
                                               [](Peer& peer, int) {
                                                 peer.read_head();
                                                 peer.wait_without_reading();
                                               },
                                               Outcome::not_applied},
                                         Phase{"head",
                                               [](Peer& peer, int) {
                                                 read_all_of_it(peer);
                                                 peer.write("HTTP/1.1 200");
                                                 peer.wait_for_close();
                                               },
                                               Outcome::unknown, kSomeBody}),
                         [](const auto& phase) { return phase.param.name; });

}  // namespace
}  // namespace godwit::http
