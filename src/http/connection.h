#pragma once

#include <boost/asio/ssl/context.hpp>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/client.h"
#include "http/stream.h"
#include "world/signal.h"

namespace godwit::http {

/// One TCP connection to a server, with what was read ahead.
struct Connection {
  Endpoint endpoint;
  std::unique_ptr<Stream> stream;
  std::string input;  ///< storage; what is in it is [begin, end)
  std::size_t begin = 0;
  std::size_t end = 0;
  std::uint64_t uses = 0;
  MonoTime idle_since{};
  MonoTime expires = kNoDeadline;  ///< the watch closes it then
  std::optional<Error> aborted;    ///< why it was closed under a pending call

  [[nodiscard]] std::string_view unread() const {
    return std::string_view(input).substr(begin, end - begin);
  }
  void abort(Error reason);
};

class Pool;

/// The right to use a connection; gives it back, or closes it when it is not fit for more.
class Lease {
 public:
  Lease(std::shared_ptr<Pool> pool, std::unique_ptr<Connection> connection);
  Lease(Lease&&) noexcept = default;
  Lease& operator=(Lease&&) = delete;
  ~Lease();

  [[nodiscard]] Connection& operator*() const { return *connection_; }
  [[nodiscard]] Connection* operator->() const { return connection_.get(); }
  /// Closes the connection when `context` is cancelled, until the lease ends.
  void watch_cancel(const Context& context);
  /// Moves the moment at which the watch gives up on it.
  void extend(MonoTime deadline);
  /// From now on the connection may serve another request.
  void keep() { keep_ = true; }
  /// What `error` on this connection means, or why it was aborted.
  [[nodiscard]] Error explain(std::string_view doing, const boost::system::error_code& error) const;
  [[nodiscard]] ClientStats& stats() const;
  [[nodiscard]] const ClientOptions& options() const;
  [[nodiscard]] World& world() const;

 private:
  std::shared_ptr<Pool> pool_;
  std::unique_ptr<Connection> connection_;
  CancelRegistration cancel_;
  bool keep_ = false;
};

enum class Reuse : std::uint8_t { allowed, never };

/// The connections of a client, by server.
///
/// A watch looks at the connections in use a few times a second and closes those whose deadline
/// has passed: no timer per request.
class Pool : public std::enable_shared_from_this<Pool> {
 public:
  Pool(World& world, ClientOptions options);
  Pool(Pool&&) = delete;

  /// An idle connection, or a new one; waits while the server has its full number.
  /// Failure: unavailable, timed_out, cancelled; the outcome is not_applied.
  [[nodiscard]] Task<Lease> acquire(const Context& context, const Endpoint& endpoint, Reuse reuse);
  [[nodiscard]] asio::awaitable<void> close();
  [[nodiscard]] ClientStats& stats() { return stats_; }
  [[nodiscard]] const ClientOptions& options() const { return options_; }
  [[nodiscard]] World& world() { return world_; }

 private:
  friend class Lease;
  struct Host {
    explicit Host(asio::any_io_executor executor) : free(std::move(executor)) {}
    std::vector<std::unique_ptr<Connection>> idle;  // the last used last
    std::size_t open = 0;
    Signal free;
  };

  [[nodiscard]] Host& host(const Endpoint& endpoint);
  [[nodiscard]] std::unique_ptr<Connection> take_idle(Host& host);
  [[nodiscard]] Task<void> connect(const Context& context, Lease& lease);
  [[nodiscard]] Task<void> connect_tcp(const Endpoint& to, Lease& lease,
                                       asio::ip::tcp::socket& socket);
  [[nodiscard]] Task<void> tunnel(const Endpoint& to, const std::string& authorization,
                                  Lease& lease, asio::ip::tcp::socket& socket);
  [[nodiscard]] Task<void> secure(Lease& lease, asio::ip::tcp::socket& socket);
  void give_back(std::unique_ptr<Connection> connection, bool keep);
  asio::awaitable<void> watch();

  World& world_;
  ClientOptions options_;
  ClientStats stats_;
  std::map<Endpoint, std::unique_ptr<Host>> hosts_;
  std::vector<Connection*> in_use_;
  std::unique_ptr<asio::ssl::context> tls_;
  bool watching_ = false;
  CancelSource stop_;
  TaskGroup watches_;
  Signal returned_;
};

}  // namespace godwit::http
