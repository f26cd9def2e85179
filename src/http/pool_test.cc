#include <gtest/gtest.h>

#include <mutex>

#include "http/connection.h"
#include "support/http_fetch.h"
#include "support/http_peer.h"
#include "world/real/real_world.h"

namespace godwit::http {
namespace {

using namespace std::chrono_literals;
using test::Answer;
using test::fetch;
using test::Peer;
using test::PeerServer;

TEST(Connection, its_buffer_stays_small_however_long_a_torn_body_is) {
  Connection connection;
  for (int i = 0; i < 10'000; ++i) {
    const MutableByteSpan space = connection.space(8 * kKiB);
    ASSERT_GE(space.size(), 8 * kKiB);
    space[0] = static_cast<std::byte>(i);
    connection.end += 5000;
    connection.begin = connection.end - 1;  // never quite empty
  }
  EXPECT_LE(connection.input.size(), 64 * kKiB);
}

TEST(Connection, what_is_unread_survives_the_making_of_space) {
  Connection connection;
  std::string written;
  std::string read;
  for (int i = 0; i < 1000; ++i) {
    const std::string piece(static_cast<std::size_t>(7 + i * 37 % 5000), static_cast<char>(i));
    const MutableByteSpan space = connection.space(piece.size());
    std::ranges::copy(as_bytes(piece), space.begin());
    connection.end += piece.size();
    written += piece;
    const std::size_t take = connection.unread().size() * 3 / 4;
    read += connection.unread().substr(0, take);
    connection.begin += take;
  }
  read += connection.unread();
  EXPECT_EQ(read, written);
}

class PoolTest : public testing::Test {
 protected:
  void serve(Peer& peer) {
    for (;;) {
      const std::string head = peer.read_head();
      if (head.empty()) return;
      {
        const std::lock_guard lock(mutex);
        order += head[5];
      }
      peer.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    }
  }
  Request request_for(char name) const {
    Request request;
    request.method = "GET";
    request.endpoint = {Scheme::http, "127.0.0.1", server.port()};
    request.target = std::string("/") + name;
    return request;
  }
  asio::awaitable<void> ask(Client& client, Context asking, char name, Lane lane = Lane::first) {
    Request request = request_for(name);
    request.lane = lane;
    const Result<Answer> answer = co_await fetch(client, asking, request);
    answers[name] = answer ? answer->body : std::string(to_string(answer.error().code()));
    EXPECT_TRUE(answer || answer.error().outcome() == Outcome::not_applied);
  }
  asio::awaitable<void> ask_at_once(Client& client, std::string_view names,
                                    Lane lane = Lane::first) {
    TaskGroup group(world.executor());
    for (const char name : names) group.spawn(ask(client, context, name, lane));
    co_await group.join();
    (void)co_await client.close();
  }

  /// Each asks for one thing, and for another before it reads what the first has brought.
  asio::awaitable<void> ask_holding(Client& client, char name) {
    Request request = request_for(name);
    const Context asking = context.with_timeout(5s);
    const Result<Response> held = co_await client.send(asking, request);
    EXPECT_TRUE(held);
    const char other = static_cast<char>(std::toupper(name));
    co_await ask(client, asking, other, Lane::second);
  }
  asio::awaitable<void> ask_holding_at_once(Client& client, std::string_view names) {
    TaskGroup group(world.executor());
    for (const char name : names) group.spawn(ask_holding(client, name));
    co_await group.join();
    (void)co_await client.close();
  }
  asio::awaitable<void> ask_one_after_the_other(Client& client) {
    co_await ask(client, context, 'a');
    co_await ask(client, context, 'b', Lane::second);
    co_await ask(client, context, 'c');
    (void)co_await client.close();
  }

  enum class First { cancel, release };
  /// While 'a' holds the only connection, 'b' and 'c' wait; then 'b' is cancelled.
  asio::awaitable<void> cancel_a_waiter(Client& client, First first) {
    Request request = request_for('a');
    Result<Response> held = co_await client.send(context, request);
    EXPECT_TRUE(held);
    CancelSource source;
    TaskGroup group(world.executor());
    group.spawn(ask(client, context.with_cancel(source.token()), 'b'));
    group.spawn(ask(client, context, 'c'));
    (void)co_await world.sleep_until(world.mono_now() + 20ms, {});
    if (first == First::cancel) source.cancel();
    held->body.reset();
    source.cancel();
    co_await group.join();
    (void)co_await client.close();
  }
  asio::awaitable<void> wait_past_the_deadline(Client& client) {
    Request request = request_for('a');
    Result<Response> held = co_await client.send(context, request);
    EXPECT_TRUE(held);
    co_await ask(client, context.with_timeout(50ms), 'b');
    held->body.reset();
    co_await ask(client, context, 'c');
    (void)co_await client.close();
  }

  RealWorld world;
  Context context{world};
  ClientOptions options;
  std::map<char, std::string> answers;
  std::mutex mutex;
  std::string order;
  PeerServer server{[this](Peer& peer, int) { serve(peer); }};
};

TEST_F(PoolTest, requests_over_the_limit_wait_their_turn_in_order) {
  options.connections_per_host = 1;
  const auto client = make_client(world, options);
  world.run(ask_at_once(*client, "abcdefghij"));
  EXPECT_EQ(order, "abcdefghij");
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(PoolTest, never_opens_more_than_the_limit) {
  options.connections_per_host = 3;
  const auto client = make_client(world, options);
  std::string names;
  for (char name = '!'; name < '~'; ++name) names += name;
  world.run(ask_at_once(*client, names));
  EXPECT_EQ(order.size(), names.size());
  EXPECT_LE(server.connections(), 3);
}

TEST_F(PoolTest, those_who_hold_an_answer_while_they_ask_do_not_wait_for_each_other) {
  options.connections_per_host = 2;
  const auto client = make_client(world, options);
  world.run(ask_holding_at_once(*client, "abcdefghij"));
  for (char name = 'A'; name <= 'J'; ++name) EXPECT_EQ(answers[name], "hello") << name;
}

TEST_F(PoolTest, the_second_lane_has_a_limit_too) {
  options.connections_per_host = 3;
  const auto client = make_client(world, options);
  world.run(ask_at_once(*client, "abcdefghij", Lane::second));
  EXPECT_EQ(order.size(), 10);
  EXPECT_LE(server.connections(), 3);
}

TEST_F(PoolTest, an_idle_connection_serves_both_lanes) {
  const auto client = make_client(world, options);
  world.run(ask_one_after_the_other(*client));
  EXPECT_EQ(order, "abc");
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(PoolTest, a_cancelled_waiter_leaves_the_queue) {
  options.connections_per_host = 1;
  const auto client = make_client(world, options);
  world.run(cancel_a_waiter(*client, First::cancel));
  EXPECT_EQ(answers['b'], "cancelled");
  EXPECT_EQ(answers['c'], "hello");
}

TEST_F(PoolTest, a_waiter_cancelled_when_its_turn_had_come_passes_it_on) {
  options.connections_per_host = 1;
  const auto client = make_client(world, options);
  world.run(cancel_a_waiter(*client, First::release));
  EXPECT_EQ(answers['b'], "cancelled");
  EXPECT_EQ(answers['c'], "hello");
}

TEST_F(PoolTest, a_waiter_gives_up_at_its_deadline) {
  options.connections_per_host = 1;
  const auto client = make_client(world, options);
  world.run(wait_past_the_deadline(*client));
  EXPECT_EQ(answers['b'], "timed_out");
  EXPECT_EQ(answers['c'], "hello");
}

asio::awaitable<void> fetch_then_idle(World& world, Client& client, Request& request,
                                      const std::atomic<bool>& closed, bool& closed_while_idle) {
  (void)co_await fetch(client, Context(world), request);
  (void)co_await world.sleep_until(world.mono_now() + 700ms, {});
  closed_while_idle = closed;
  (void)co_await client.close();
}

TEST_F(PoolTest, idle_connections_are_closed_without_a_next_request) {
  options.keep_alive = 100ms;
  std::atomic<bool> closed = false;
  PeerServer watching([&closed](Peer& peer, int) {
    peer.read_head();
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    peer.wait_for_close();
    closed = true;
  });
  const auto client = make_client(world, options);
  Request request = request_for('a');
  request.endpoint.port = watching.port();
  bool closed_while_idle = false;
  world.run(fetch_then_idle(world, *client, request, closed, closed_while_idle));
  EXPECT_TRUE(closed_while_idle);
}

}  // namespace
}  // namespace godwit::http
