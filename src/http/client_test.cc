#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "http/client.h"
#include "world/real/real_world.h"
#include "world/signal.h"

namespace godwit::http {
namespace {

using namespace std::chrono_literals;

/// A server that answers the n-th request on each connection with the n-th text, then closes.
class ScriptedServer {
 public:
  using Script = std::vector<std::vector<std::string>>;
  explicit ScriptedServer(Script connections)
      : script_(std::move(connections)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_, 16), 0);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ScriptedServer(ScriptedServer&&) = delete;
  ~ScriptedServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  [[nodiscard]] Endpoint endpoint() const { return {Scheme::http, "127.0.0.1", port_}; }
  std::vector<std::string> requests;

 private:
  void serve() {
    for (const auto& answers : script_) {
      const int peer = ::accept(listener_, nullptr, nullptr);
      if (peer < 0) return;
      for (const std::string& answer : answers) {
        const std::string request = read_request(peer);
        if (request.empty()) break;
        requests.push_back(request);
        if (answer == "(hang)") {
          char one = 0;
          (void)!::read(peer, &one, 1);
          break;
        }
        (void)!::write(peer, answer.data(), answer.size());
      }
      ::close(peer);
    }
  }

  static std::string read_request(int peer) {
    std::string text;
    char buffer[65536];
    while (text.find("\r\n\r\n") == std::string::npos) {
      const ssize_t count = ::read(peer, buffer, sizeof buffer);
      if (count <= 0) return "";
      text.append(buffer, static_cast<std::size_t>(count));
    }
    if (text.find("Expect:") != std::string::npos) return text;
    const std::size_t at = text.find("Content-Length: ");
    const std::size_t want = at == std::string::npos ? 0 : std::stoul(text.substr(at + 16));
    while (text.size() < text.find("\r\n\r\n") + 4 + want) {
      const ssize_t count = ::read(peer, buffer, sizeof buffer);
      if (count <= 0) break;
      text.append(buffer, static_cast<std::size_t>(count));
    }
    return text;
  }

  std::vector<std::vector<std::string>> script_;
  int listener_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

using Script = ScriptedServer::Script;

struct Answer {
  unsigned status = 0;
  std::string body;
};

Task<Answer> fetch(Transport& client, const Context& context, Request& request) {
  GODWIT_CO_TRY(Response response, co_await client.send(context, request));
  GODWIT_CO_TRY(std::string body, co_await read_all(*response.body, kMiB));
  co_return Answer{response.status, std::move(body)};
}

class ClientTest : public testing::Test {
 protected:
  asio::awaitable<void> fetch_and_close(Client& client, Request& request, int times) {
    for (int i = 0; i < times; ++i) results.push_back(co_await fetch(client, context, request));
    (void)co_await client.close();
  }
  void send(Request request, int times = 1) {
    const auto client = make_client(world, options);
    world.run(fetch_and_close(*client, request, times));
    stats = client->stats();
  }
  static Request get_from(const ScriptedServer& server) {
    Request request;
    request.method = "GET";
    request.endpoint = server.endpoint();
    request.target = "/x";
    return request;
  }

  RealWorld world;
  Context context{world};
  ClientOptions options;
  std::vector<Result<Answer>> results;
  ClientStats stats;
};

const std::string kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

TEST_F(ClientTest, keeps_a_connection_for_the_next_request) {
  ScriptedServer server(Script{{kHello, kHello, kHello}});
  send(get_from(server), 3);
  for (const auto& result : results) EXPECT_EQ(result->body, "hello");
  EXPECT_EQ(stats.connections, 1);
}

TEST_F(ClientTest, reads_chunked_and_unframed_bodies) {
  ScriptedServer server(
      Script{{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
              "3\r\nhel\r\n2;x\r\nlo\r\n0\r\nT: v\r\n\r\n",
              "HTTP/1.1 200 OK\r\n\r\nto the end"}});
  send(get_from(server), 2);
  EXPECT_EQ(results[0]->body, "hello");
  EXPECT_EQ(results[1]->body, "to the end");
}

TEST_F(ClientTest, every_cut_of_an_answer_is_an_error_and_never_a_short_body) {
  for (std::size_t cut = 1; cut < kHello.size(); ++cut) {
    results.clear();
    ScriptedServer server(Script{{kHello.substr(0, cut)}});
    send(get_from(server));
    ASSERT_FALSE(results[0]) << "cut at " << cut;
    EXPECT_EQ(results[0].error().code(), Code::unavailable);
  }
}

TEST_F(ClientTest, a_kept_connection_that_the_server_closed_is_replaced_once) {
  ScriptedServer server(Script{{kHello}, {kHello}});
  send(get_from(server), 2);
  ASSERT_TRUE(results[1]) << results[1].error().to_string();
  EXPECT_EQ(stats.connections, 2);
}

TEST_F(ClientTest, refused_connections_name_the_server_and_took_no_effect) {
  Request request;
  request.method = "GET";
  request.endpoint = {Scheme::http, "127.0.0.1", 1};
  request.target = "/";
  send(request);
  EXPECT_EQ(results[0].error().code(), Code::unavailable);
  EXPECT_EQ(results[0].error().outcome(), Outcome::not_applied);
  EXPECT_NE(results[0].error().to_string().find("127.0.0.1:1"), std::string::npos);
}

TEST_F(ClientTest, a_server_that_hangs_costs_the_idle_timeout) {
  options.idle_timeout = 300ms;
  ScriptedServer server(Script{{"(hang)"}});
  send(get_from(server));
  EXPECT_EQ(results[0].error().code(), Code::timed_out);
  EXPECT_EQ(results[0].error().outcome(), Outcome::unknown);
}

asio::awaitable<void> cancel_soon(World& world, CancelSource& source) {
  (void)co_await world.sleep_until(world.mono_now() + 50ms, {});
  source.cancel();
}

asio::awaitable<void> fetch_cancelled(World& world, Client& client, Request& request,
                                      std::vector<Result<Answer>>& results) {
  CancelSource source;
  TaskGroup group(world.executor());
  group.spawn(cancel_soon(world, source));
  const Context context = Context(world).with_cancel(source.token());
  results.push_back(co_await fetch(client, context, request));
  co_await group.join();
  (void)co_await client.close();
}

TEST_F(ClientTest, cancelling_ends_a_pending_request) {
  ScriptedServer server(Script{{"(hang)"}});
  const auto client = make_client(world, options);
  Request request = get_from(server);
  world.run(fetch_cancelled(world, *client, request, results));
  EXPECT_EQ(results[0].error().code(), Code::cancelled);
}

TEST_F(ClientTest, bodies_of_any_size_arrive_whole) {
  for (const std::size_t size : {0UL, 1UL, 65'536UL, 65'537UL, 1'000'000UL}) {
    results.clear();
    ScriptedServer server(Script{{kHello}});
    MemoryBody body(std::string(size, 'x'));
    Request request = get_from(server);
    request.method = "PUT";
    request.body = &body;
    request.body_size = size;
    send(request);
    ASSERT_TRUE(results[0]) << results[0].error().to_string();
    EXPECT_TRUE(server.requests[0].ends_with("\r\n\r\n" + std::string(size, 'x')));
  }
}

TEST_F(ClientTest, a_body_of_the_wrong_length_is_never_completed) {
  for (const std::size_t announced : {4UL, 6UL, 100'000UL}) {
    results.clear();
    ScriptedServer server(Script{{kHello}});
    MemoryBody body("12345");
    Request request = get_from(server);
    request.method = "PUT";
    request.body = &body;
    request.body_size = announced;
    send(request);
    ASSERT_FALSE(results[0]);
    EXPECT_EQ(results[0].error().code(), Code::corrupted);
    EXPECT_EQ(results[0].error().outcome(), Outcome::not_applied);
  }
}

TEST_F(ClientTest, a_final_answer_in_place_of_100_spares_the_body) {
  ScriptedServer server(Script{{"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"}});
  MemoryBody body(std::string(kMiB, 'x'));
  Request request = get_from(server);
  request.method = "PUT";
  request.body = &body;
  request.body_size = kMiB;
  request.expect = Expect::continue_100;
  send(request);
  ASSERT_TRUE(results[0]) << results[0].error().to_string();
  EXPECT_EQ(results[0]->status, 403);
}

}  // namespace
}  // namespace godwit::http
