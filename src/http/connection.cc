#include "http/connection.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <utility>

namespace godwit::http {
namespace {

using namespace std::chrono_literals;
using boost::system::error_code;

constexpr Duration kWatchInterval = 200ms;
constexpr std::size_t kReceiveBuffer = 16 * kKiB;

void wake_the_late(const LaneUse& use, MonoTime now) {
  for (Waiter* waiter : use.waiters) {
    if (waiter->deadline <= now) waiter->woken.notify_all();
  }
}

}  // namespace

MutableByteSpan Connection::space(std::size_t least) {
  if (begin == end) begin = end = 0;
  if (input.size() - end < least && begin > 0) {
    std::copy(input.begin() + static_cast<std::ptrdiff_t>(begin),
              input.begin() + static_cast<std::ptrdiff_t>(end), input.begin());
    end -= std::exchange(begin, 0);
  }
  if (input.size() - end < least) {
    input.resize(std::max({kReceiveBuffer, input.size() * 2, end + least}));
  }
  return std::as_writable_bytes(std::span(input)).subspan(end);
}

void Connection::abort(Error reason) {
  if (!aborted) aborted = std::move(reason);
  if (stream) stream->close();
  if (interrupt) interrupt();
}

Lease::Lease(std::shared_ptr<Pool> pool, std::unique_ptr<Connection> connection)
    : pool_(std::move(pool)), connection_(std::move(connection)) {}

Lease::~Lease() {
  if (!connection_) return;
  cancel_ = CancelRegistration();
  pool_->give_back(std::move(connection_), keep_);
}

void Lease::watch_cancel(const Context& context) {
  cancel_ = context.cancel().on_cancel(
      [connection = connection_.get()] { connection->abort(Error(Code::cancelled, "cancelled")); });
}

void Lease::extend(MonoTime deadline) {
  const MonoTime idle = pool_->world().mono_now() + pool_->options().idle_timeout;
  connection_->limit = idle < deadline ? Limit::idle : Limit::deadline;
  connection_->expires = std::min(idle, deadline);
}

Error Lease::explain(std::string_view doing, const error_code& error) const {
  const std::string where = std::string(doing) + " " + connection_->endpoint.to_string() + ": ";
  if (connection_->aborted) {
    return Error(connection_->aborted->code(), where + connection_->aborted->message());
  }
  Error failure(Code::unavailable, where + error.message());
  if (error == asio::error::connection_refused) {
    return std::move(failure).with_hint("is the server up, and the endpoint's port right?");
  }
  if (is_tls_error(error)) {
    return std::move(failure)
        .with(Retry::never)
        .with_hint("the server ended TLS: does it want a client's certificate?");
  }
  return failure;
}

ClientStats& Lease::stats() const { return pool_->stats(); }
const ClientOptions& Lease::options() const { return pool_->options(); }
World& Lease::world() const { return pool_->world(); }

Pool::Pool(World& world, ClientOptions options)
    : world_(world),
      options_(std::move(options)),
      helpers_(world.executor()),
      returned_(world.executor()) {}

Result<Host*> Pool::host(const Request& request) {
  static const TlsOptions kAsForAll;
  const TlsOptions& asked = request.tls == nullptr ? kAsForAll : *request.tls;
  std::vector<std::unique_ptr<Host>>& known = hosts_[request.endpoint];
  for (const std::unique_ptr<Host>& server : known) {
    if (server->asked == asked && server->proxying == request.proxying) return server.get();
  }
  auto server = std::make_unique<Host>();
  server->asked = asked;
  server->proxying = request.proxying;
  server->tls = &tls_.try_emplace(asked, world_.executor()).first->second;
  if (request.proxying == Proxying::as_environment) {
    GODWIT_TRY(server->proxy, proxy_for(world_, request.endpoint));
  }
  return known.emplace_back(std::move(server)).get();
}

std::unique_ptr<Connection> Pool::take_idle(Host& server) {
  if (server.idle.empty()) return nullptr;
  std::unique_ptr<Connection> connection = std::move(server.idle.back());
  server.idle.pop_back();
  return connection;
}

Task<Lease> Pool::acquire(const Context& context, const Request& request, Reuse reuse) {
  GODWIT_CO_CHECK(context.check());
  GODWIT_CO_TRY(Host* const server, host(request));
  std::unique_ptr<Connection> connection;
  LaneUse& use = server->use(request.lane);
  if (use.used >= options_.connections_per_host) {
    GODWIT_CO_TRY(connection, co_await wait_turn(context, *server, request.lane));
  } else {
    ++use.used;
  }
  if (!connection) connection = take_idle(*server);
  const bool fit = connection && reuse == Reuse::allowed && connection->stream->quiet() &&
                   connection->idle_since + options_.keep_alive >= world_.mono_now();
  if (!fit) {
    connection = std::make_unique<Connection>();
    connection->endpoint = request.endpoint;
    connection->host = server;
    connection->proxy = server->proxy ? &*server->proxy : nullptr;
  }
  connection->lane = request.lane;
  in_use_.push_back(connection.get());
  Lease lease(shared_from_this(), std::move(connection));
  if (!std::exchange(watching_, true)) helpers_.spawn(watch());
  lease.watch_cancel(context);
  if (!lease->stream) GODWIT_CO_CHECK(co_await connect(context, lease));
  lease.extend(context.deadline());
  co_return std::move(lease);
}

Task<std::unique_ptr<Connection>> Pool::wait_turn(const Context& context, Host& server, Lane lane) {
  Waiter waiter(world_.executor(), context.deadline());
  std::deque<Waiter*>& waiters = server.use(lane).waiters;
  waiters.push_back(&waiter);
  ++waiting_;
  const CancelRegistration registration =
      context.cancel().on_cancel([&waiter] { waiter.woken.notify_all(); });
  Result<void> wanted;
  while (!waiter.granted && wanted) {
    co_await waiter.woken.wait();
    wanted = context.check();
  }
  if (--waiting_ == 0) returned_.notify_all();
  if (!waiter.granted) std::erase(waiters, &waiter);
  if (wanted) co_return std::move(waiter.connection);
  // Granted all the same: the turn must not be lost.
  if (waiter.granted) pass_on(server, lane, std::move(waiter.connection));
  co_return fail(std::move(wanted).error().because_of("waiting for a free connection"));
}

void Pool::pass_on(Host& server, Lane lane, std::unique_ptr<Connection> connection) {
  LaneUse& use = server.use(lane);
  if (!use.waiters.empty()) {
    Waiter& next = *use.waiters.front();
    use.waiters.pop_front();
    next.granted = true;
    next.connection = std::move(connection);
    next.woken.notify_all();
    return;
  }
  --use.used;
  if (!connection) return;
  server.idle.push_back(std::move(connection));
  if (!std::exchange(reaping_, true)) helpers_.spawn(reap());
}

void Pool::give_back(std::unique_ptr<Connection> connection, bool keep) {
  const auto place = std::ranges::find(in_use_, connection.get());
  std::swap(*place, in_use_.back());
  in_use_.pop_back();
  Host& server = *connection->host;
  const Lane lane = connection->lane;
  // Bytes beyond the answer belong to nobody: what follows could not be trusted.
  const bool fit =
      keep && connection->stream && !connection->aborted && connection->unread().empty();
  if (fit) {
    connection->expires = kNoDeadline;
    connection->idle_since = world_.mono_now();
    ++connection->uses;
  } else {
    connection.reset();
  }
  pass_on(server, lane, std::move(connection));
  if (in_use_.empty()) returned_.notify_all();
}

std::string Pool::describe(Limit limit) const {
  switch (limit) {
    case Limit::connecting:
      return "no connection within " + format_duration(options_.connect_timeout);
    case Limit::idle: return "no byte moved for " + format_duration(options_.idle_timeout);
    case Limit::deadline: break;
  }
  return "the deadline has passed";
}

asio::awaitable<void> Pool::watch() {
  while (!in_use_.empty() || waiting_ > 0) {
    (void)co_await world_.sleep_until(world_.mono_now() + kWatchInterval, stop_.token());
    if (stop_.token().cancelled()) break;
    const MonoTime now = world_.mono_now();
    for (Connection* connection : in_use_) {
      if (connection->expires > now) continue;
      connection->abort(Error(Code::timed_out, describe(connection->limit)));
    }
    for (const auto& [endpoint, servers] : hosts_) {
      for (const std::unique_ptr<Host>& server : servers) {
        for (const LaneUse& use : server->lanes) wake_the_late(use, now);
      }
    }
  }
  watching_ = false;
}

asio::awaitable<void> Pool::reap() {
  for (bool any = true; any;) {
    const Duration pause = std::max(options_.keep_alive / 2, kWatchInterval);
    (void)co_await world_.sleep_until(world_.mono_now() + pause, stop_.token());
    if (stop_.token().cancelled()) break;
    const MonoTime oldest = world_.mono_now() - options_.keep_alive;
    any = false;
    const auto too_old = [oldest](const auto& idle) { return idle->idle_since < oldest; };
    for (const auto& [endpoint, servers] : hosts_) {
      for (const std::unique_ptr<Host>& server : servers) {
        std::erase_if(server->idle, too_old);
        any = any || !server->idle.empty();
      }
    }
  }
  reaping_ = false;
}

asio::awaitable<void> Pool::close() {
  while (!in_use_.empty() || waiting_ > 0) co_await returned_.wait();
  stop_.cancel();
  co_await helpers_.join();
  hosts_.clear();
}

}  // namespace godwit::http
