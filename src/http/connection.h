#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/client.h"
#include "http/proxy.h"
#include "http/stream.h"
#include "world/signal.h"

namespace godwit::http {

/// What may end the waiting for a server.
enum class Limit : std::uint8_t { deadline, connecting, idle };

struct Host;

/// One TCP connection to a server, with what was read ahead.
struct Connection {
  Endpoint endpoint;
  Host* host = nullptr;             ///< the pool's
  Lane lane = Lane::first;          ///< of the request that it serves
  const Proxy* proxy = nullptr;     ///< the way to the server, or null: straight; the pool's
  std::unique_ptr<Stream> stream;   ///< null until it is connected
  std::function<void()> interrupt;  ///< ends the step of connecting that is under way
  std::string input;                ///< storage; what is in it is [begin, end)
  std::size_t begin = 0;
  std::size_t end = 0;
  std::uint64_t uses = 0;
  MonoTime idle_since{};
  MonoTime expires = kNoDeadline;  ///< the watch closes it then
  Limit limit = Limit::deadline;   ///< which one `expires` stands for
  std::optional<Error> aborted;    ///< why it was closed under a pending call

  [[nodiscard]] std::string_view unread() const {
    return std::string_view(input).substr(begin, end - begin);
  }
  /// Free space behind what is unread, at least `least` bytes.
  [[nodiscard]] MutableByteSpan space(std::size_t least);
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
  /// Moves the moment at which the watch gives up on it: an idle time from now, or the deadline.
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

/// TLS as one set of options has it; loaded once, for all servers that they hold for.
struct TlsContext {
  explicit TlsContext(asio::any_io_executor executor) : loaded(std::move(executor)) {}
  std::unique_ptr<asio::ssl::context> context;
  bool loading = false;
  Signal loaded;
};

/// Someone who waits for a connection, or for the right to open one.
struct Waiter {
  Waiter(asio::any_io_executor executor, MonoTime until)
      : woken(std::move(executor)), deadline(until) {}
  Signal woken;
  MonoTime deadline;
  bool granted = false;
  std::unique_ptr<Connection> connection;  // null: open one
};

/// What the requests of one lane have of a server.
struct LaneUse {
  std::size_t used = 0;         // in use, or promised to a waiter
  std::deque<Waiter*> waiters;  // the longest first
};

/// A server, as requests of one kind (TLS options, proxying) see it.
struct Host {
  [[nodiscard]] LaneUse& use(Lane lane) { return lanes[static_cast<std::size_t>(lane)]; }

  TlsOptions asked;  // as the request had it
  Proxying proxying = Proxying::as_environment;
  std::optional<Proxy> proxy;
  TlsContext* tls = nullptr;
  TlsSession session;
  std::vector<std::unique_ptr<Connection>> idle;  // of any lane; the last used last
  std::array<LaneUse, 2> lanes;
};

enum class Reuse : std::uint8_t { allowed, never };

/// The connections of a client, by server.
///
/// A watch looks at the connections in use a few times a second and closes those whose deadline
/// has passed: no timer per request. Another closes those that were idle too long.
class Pool : public std::enable_shared_from_this<Pool> {
 public:
  Pool(World& world, ClientOptions options);
  Pool(Pool&&) = delete;

  /// An idle connection, or a new one; waits its turn while the request's lane has its full number.
  /// Failure: unavailable, timed_out, cancelled, invalid_argument (proxy, TLS files); the outcome
  /// is not_applied.
  [[nodiscard]] Task<Lease> acquire(const Context& context, const Request& request, Reuse reuse);
  [[nodiscard]] asio::awaitable<void> close();
  [[nodiscard]] ClientStats& stats() { return stats_; }
  [[nodiscard]] const ClientOptions& options() const { return options_; }
  [[nodiscard]] World& world() { return world_; }

 private:
  friend class Lease;

  [[nodiscard]] Result<Host*> host(const Request& request);
  [[nodiscard]] std::unique_ptr<Connection> take_idle(Host& server);
  /// Waits until `lane` has one to spare; null: open one.
  [[nodiscard]] Task<std::unique_ptr<Connection>> wait_turn(const Context& context, Host& server,
                                                            Lane lane);
  /// Passes a connection, or (null) the right to open one, to who waits longest in `lane`.
  void pass_on(Host& server, Lane lane, std::unique_ptr<Connection> connection);
  void give_back(std::unique_ptr<Connection> connection, bool keep);
  [[nodiscard]] std::string describe(Limit limit) const;

  // These are in connect.cc.
  [[nodiscard]] Task<void> connect(const Context& context, Lease& lease);
  [[nodiscard]] Task<std::vector<asio::ip::tcp::endpoint>> resolve(const Endpoint& to,
                                                                   Lease& lease);
  [[nodiscard]] Task<asio::ip::tcp::socket> connect_tcp(const Endpoint& to, Lease& lease);
  [[nodiscard]] Task<void> tunnel(Lease& lease, asio::ip::tcp::socket& socket);
  [[nodiscard]] Task<void> secure(Lease& lease, asio::ip::tcp::socket socket);
  [[nodiscard]] Task<void> load_tls(const TlsOptions& asked, TlsContext& tls);

  asio::awaitable<void> watch();
  asio::awaitable<void> reap();

  World& world_;
  ClientOptions options_;
  ClientStats stats_;
  std::map<TlsOptions, TlsContext> tls_;  // by what requests asked for; outlives the connections
  std::map<Endpoint, std::vector<std::unique_ptr<Host>>> hosts_;
  std::vector<Connection*> in_use_;
  std::size_t waiting_ = 0;
  bool watching_ = false;
  bool reaping_ = false;
  CancelSource stop_;
  TaskGroup helpers_;  // the watches, and look-ups that nobody waits for any more
  Signal returned_;
};

}  // namespace godwit::http
