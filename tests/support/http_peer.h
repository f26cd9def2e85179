#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace godwit::test {

/// The server's end of one connection: reads and writes what a test tells it to. Blocks.
class Peer {
 public:
  explicit Peer(int socket) : socket_(socket) {}
  Peer(Peer&&) = delete;
  ~Peer() {
    SSL_free(ssl_);
    ::close(socket_);
  }

  /// Up to and with the empty line; "" when the client has closed.
  std::string read_head() {
    std::size_t end = std::string::npos;
    while ((end = ahead_.find("\r\n\r\n")) == std::string::npos) {
      if (!read_some()) return "";
    }
    return take(end + 4);
  }
  std::string read_exactly(std::size_t count) {
    while (ahead_.size() < count) {
      if (!read_some()) return "";
    }
    return take(count);
  }
  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto count = ssl_ != nullptr
                             ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                             : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  /// Each byte leaves alone.
  void write_slowly(std::string_view bytes) {
    for (const char& byte : bytes) write(std::string_view(&byte, 1));
  }
  /// Returns when the client has closed (or the server is being destroyed).
  void wait_for_close() {
    while (read_some()) ahead_.clear();
  }
  /// As before, but reads nothing meanwhile: the client's data fill the buffers between.
  void wait_without_reading() {
    pollfd ended{.fd = socket_, .events = POLLRDHUP, .revents = 0};
    ::poll(&ended, 1, -1);
  }
  /// From here on the connection speaks TLS. False when the client did not want to.
  bool start_tls(SSL_CTX* tls) {
    ssl_ = SSL_new(tls);
    SSL_set_fd(ssl_, socket_);
    return SSL_accept(ssl_) == 1;
  }
  /// The client came with a session of before.
  [[nodiscard]] bool resumed() const { return ssl_ != nullptr && SSL_session_reused(ssl_) == 1; }
  /// Says the TLS farewell, without which an end is not to be believed.
  void end_tls() { SSL_shutdown(ssl_); }

 private:
  bool read_some() {
    char buffer[65536];
    const auto count = ssl_ != nullptr ? SSL_read(ssl_, buffer, sizeof buffer)
                                       : ::recv(socket_, buffer, sizeof buffer, 0);
    if (count <= 0) return false;
    ahead_.append(buffer, static_cast<std::size_t>(count));
    return true;
  }
  std::string take(std::size_t count) {
    std::string taken = ahead_.substr(0, count);
    ahead_.erase(0, count);
    return taken;
  }

  int socket_;
  SSL* ssl_ = nullptr;
  std::string ahead_;
};

/// A loopback server that runs a function of the test for each connection, told its number from 0.
/// Destroying it ends all connections and joins all threads.
class PeerServer {
 public:
  using Behaviour = std::function<void(Peer& peer, int number)>;

  explicit PeerServer(Behaviour behaviour, SSL_CTX* tls = nullptr, int family = AF_INET)
      : behaviour_(std::move(behaviour)), tls_(tls), listener_(::socket(family, SOCK_STREAM, 0)) {
    sockaddr_in6 v6{};
    sockaddr_in v4{};
    v6.sin6_family = AF_INET6;
    v6.sin6_addr = in6addr_loopback;
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool is_v4 = family == AF_INET;
    auto* address = is_v4 ? reinterpret_cast<sockaddr*>(&v4) : reinterpret_cast<sockaddr*>(&v6);
    socklen_t size = is_v4 ? sizeof v4 : sizeof v6;
    if (::bind(listener_, address, size) != 0 || ::listen(listener_, 64) != 0) std::abort();
    ::getsockname(listener_, address, &size);
    port_ = ntohs(is_v4 ? v4.sin_port : v6.sin6_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  PeerServer(PeerServer&&) = delete;
  ~PeerServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int socket : open_) ::shutdown(socket, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
    ::close(listener_);
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] int connections() const { return connections_; }

 private:
  void accept_all() {
    for (;;) {
      const int socket = ::accept(listener_, nullptr, nullptr);
      if (socket < 0) return;
      const int on = 1;
      ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      const std::lock_guard lock(mutex_);
      open_.push_back(socket);
      threads_.emplace_back([this, socket, number = connections_++] { serve(socket, number); });
    }
  }
  void serve(int socket, int number) {
    Peer peer(socket);
    if (tls_ == nullptr || peer.start_tls(tls_)) behaviour_(peer, number);
    const std::lock_guard lock(mutex_);
    std::erase(open_, socket);
  }

  Behaviour behaviour_;
  SSL_CTX* tls_;
  int listener_;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace godwit::test
