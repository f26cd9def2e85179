#include "support/relay.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <thread>
#include <vector>

namespace godwit::testkit {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// 50 ms of a link of 40 Mbit/s.
constexpr std::size_t kShare = 250'000;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in address = loopback(port);
  EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return fd;
}

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::string receive(int fd, std::size_t size) {
  std::string out(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const ssize_t count = ::recv(fd, out.data() + have, size - have, 0);
    if (count <= 0) break;
    have += static_cast<std::size_t>(count);
  }
  out.resize(have);
  return out;
}

std::string pattern(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(i * 131 + i / 251);
  return out;
}

/// Sends back what it gets, and ends when its peer has ended.
class Echo {
 public:
  Echo() : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0) std::abort();
    if (::listen(listener_, 16) != 0) std::abort();
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    accepting_ = std::thread([this] { accept_all(); });
  }
  ~Echo() {
    ::shutdown(listener_, SHUT_RDWR);
    accepting_.join();
    for (std::thread& thread : serving_) thread.join();
    ::close(listener_);
  }
  std::uint16_t port() const { return port_; }

 private:
  void accept_all() {
    for (int fd = 0; (fd = ::accept(listener_, nullptr, nullptr)) >= 0;) {
      serving_.emplace_back([fd] { serve(fd); });
    }
  }
  static void serve(int fd) {
    std::array<char, 65536> buffer{};
    ssize_t count = 0;
    while ((count = ::recv(fd, buffer.data(), buffer.size(), 0)) > 0) {
      send_all(fd, {buffer.data(), static_cast<std::size_t>(count)});
    }
    ::close(fd);
  }

  int listener_;
  std::uint16_t port_ = 0;
  std::vector<std::thread> serving_;
  std::thread accepting_;
};

class RelayTest : public testing::Test {
 protected:
  ~RelayTest() override {
    if (!relay_) return;
    relay_->stop();
    loop_.join();
  }

  Relay& start(RelayOptions options, std::uint16_t to_port) {
    options.to_address = INADDR_LOOPBACK;
    options.to_port = to_port;
    relay_ = std::make_unique<Relay>(options);
    loop_ = std::thread([this] { relay_->run(); });
    return *relay_;
  }

  Echo echo_;
  std::unique_ptr<Relay> relay_;
  std::thread loop_;
};

milliseconds since(Clock::time_point start) {
  return std::chrono::duration_cast<milliseconds>(Clock::now() - start);
}

TEST_F(RelayTest, delivers_every_byte_in_order_and_the_end_of_each_direction) {
  Relay& relay = start({.rtt = milliseconds(2), .window_bytes = 50'001}, echo_.port());
  const int fd = connect_to(relay.port());
  const std::string sent = pattern(1'000'003);
  std::thread sender([&] {
    send_all(fd, sent);
    ::shutdown(fd, SHUT_WR);
  });
  EXPECT_TRUE(receive(fd, sent.size() + 1) == sent);
  sender.join();
  ::close(fd);
  EXPECT_EQ(relay.delivered_bytes(), 2 * sent.size());
}

TEST_F(RelayTest, costs_one_round_trip_to_connect_and_one_for_each_question) {
  Relay& relay = start({.rtt = milliseconds(40)}, echo_.port());
  const auto begin = Clock::now();
  const int fd = connect_to(relay.port());
  send_all(fd, "a");
  EXPECT_EQ(receive(fd, 1), "a");
  EXPECT_GE(since(begin), milliseconds(80));
  const auto second = Clock::now();
  send_all(fd, "b");
  EXPECT_EQ(receive(fd, 1), "b");
  EXPECT_GE(since(second), milliseconds(40));
  ::close(fd);
}

TEST_F(RelayTest, limits_all_connections_together_to_the_rate_of_the_link) {
  Relay& relay = start({.bits_per_second = 40'000'000}, echo_.port());
  const auto begin = Clock::now();
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&relay] {
      const int fd = connect_to(relay.port());
      std::thread sender([fd] { send_all(fd, pattern(kShare)); });
      EXPECT_EQ(receive(fd, kShare).size(), kShare);
      sender.join();
      ::close(fd);
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_GE(since(begin), milliseconds(200));
}

TEST_F(RelayTest, moves_at_most_a_window_in_each_round_trip) {
  constexpr std::size_t kWindow = 65536;
  Relay& relay = start({.rtt = milliseconds(20), .window_bytes = kWindow}, echo_.port());
  const int fd = connect_to(relay.port());
  const auto begin = Clock::now();
  std::thread sender([fd] { send_all(fd, pattern(10 * kWindow)); });
  EXPECT_EQ(receive(fd, 10 * kWindow).size(), 10 * kWindow);
  sender.join();
  EXPECT_GE(since(begin), milliseconds(10 * 20));
  ::close(fd);
}

TEST_F(RelayTest, holds_everything_while_partitioned_and_delivers_it_when_healed) {
  Relay& relay = start({}, echo_.port());
  const int fd = connect_to(relay.port());
  send_all(fd, "a");
  EXPECT_EQ(receive(fd, 1), "a");
  relay.partition();
  send_all(fd, "b");
  pollfd readable{.fd = fd, .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&readable, 1, 50), 0);
  relay.heal();
  EXPECT_EQ(receive(fd, 1), "b");
  ::close(fd);
}

TEST_F(RelayTest, resets_what_is_open_when_told_and_takes_new_connections) {
  Relay& relay = start({}, echo_.port());
  const int fd = connect_to(relay.port());
  send_all(fd, "a");
  EXPECT_EQ(receive(fd, 1), "a");
  relay.cut_all();
  char byte = 0;
  EXPECT_EQ(::recv(fd, &byte, 1, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
  ::close(fd);
  const int next = connect_to(relay.port());
  send_all(next, "b");
  EXPECT_EQ(receive(next, 1), "b");
  ::close(next);
}

TEST_F(RelayTest, resets_a_client_whose_target_refuses) {
  std::uint16_t closed = 0;
  {
    const Echo gone;
    closed = gone.port();
  }
  Relay& relay = start({}, closed);
  const int fd = connect_to(relay.port());
  char byte = 0;
  EXPECT_EQ(::recv(fd, &byte, 1, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
  ::close(fd);
}

}  // namespace
}  // namespace godwit::testkit
