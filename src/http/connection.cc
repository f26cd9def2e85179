#include "http/connection.h"

#include <netdb.h>
#include <boost/asio/redirect_error.hpp>

#include <algorithm>
#include <utility>

#include "http/proxy.h"
#include "http/response_head.h"

namespace godwit::http {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
using boost::system::error_code;

constexpr Duration kWatchInterval = 200ms;

struct AddressesDeleter {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

/// Blocks; in the order that the system prefers (RFC 6724).
Result<std::vector<tcp::endpoint>> look_up(const Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* raw = nullptr;
  const int result = ::getaddrinfo(endpoint.host.c_str(), nullptr, &hints, &raw);
  const std::unique_ptr<addrinfo, AddressesDeleter> list(raw);
  if (result != 0) {
    return fail(
        Error(Code::unavailable, "look up '" + endpoint.host + "': " + ::gai_strerror(result))
            .with_hint("check the host name of the endpoint"));
  }
  std::vector<tcp::endpoint> addresses;
  for (const addrinfo* one = list.get(); one != nullptr; one = one->ai_next) {
    tcp::endpoint address;
    if (one->ai_addrlen > address.capacity()) continue;
    std::copy_n(reinterpret_cast<const char*>(one->ai_addr), one->ai_addrlen,
                reinterpret_cast<char*>(address.data()));
    address.resize(one->ai_addrlen);
    address.port(endpoint.port);
    addresses.push_back(address);
  }
  return addresses;
}

Task<std::vector<tcp::endpoint>> resolve(World& world, const Endpoint& endpoint) {
  error_code not_an_address;
  const auto address = asio::ip::make_address(endpoint.host, not_an_address);
  if (!not_an_address) co_return std::vector{tcp::endpoint(address, endpoint.port)};
  auto work = [endpoint] { return look_up(endpoint); };
  co_return co_await run_blocking(world, std::move(work));
}

/// Lets `abort` reach a socket that is not a stream yet.
class BareSocket final : public Stream {
 public:
  explicit BareSocket(tcp::socket& socket) : socket_(socket) {}
  asio::awaitable<std::size_t> read(MutableByteSpan into, error_code& error) override {
    const asio::mutable_buffer buffer(into.data(), into.size());
    co_return co_await socket_.async_read_some(buffer,
                                               asio::redirect_error(asio::use_awaitable, error));
  }
  asio::awaitable<void> write(ByteSpan first, ByteSpan, error_code& error) override {
    const asio::const_buffer buffer(first.data(), first.size());
    co_await socket_.async_write_some(buffer, asio::redirect_error(asio::use_awaitable, error));
  }
  asio::awaitable<bool> readable_before(World&, MonoTime) override { co_return true; }
  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  tcp::socket& socket_;
};

}  // namespace

void Connection::abort(Error reason) {
  if (!aborted) aborted = std::move(reason);
  if (stream) stream->close();
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
  return failure;
}

ClientStats& Lease::stats() const { return pool_->stats(); }
const ClientOptions& Lease::options() const { return pool_->options(); }
World& Lease::world() const { return pool_->world(); }

Pool::Pool(World& world, ClientOptions options)
    : world_(world),
      options_(std::move(options)),
      watches_(world.executor()),
      returned_(world.executor()) {}

Pool::Host& Pool::host(const Endpoint& endpoint) {
  std::unique_ptr<Host>& host = hosts_[endpoint];
  if (!host) host = std::make_unique<Host>(world_.executor());
  return *host;
}

std::unique_ptr<Connection> Pool::take_idle(Host& host) {
  const MonoTime oldest = world_.mono_now() - options_.keep_alive;
  if (host.idle.empty()) return nullptr;
  // The one used last is the freshest: if it is too old, all are.
  std::unique_ptr<Connection> connection = std::move(host.idle.back());
  host.idle.pop_back();
  if (connection->idle_since >= oldest) return connection;
  host.open -= host.idle.size() + 1;
  host.idle.clear();
  return nullptr;
}

Task<Lease> Pool::acquire(const Context& context, const Endpoint& endpoint, Reuse reuse) {
  Host& server = host(endpoint);
  for (;;) {
    GODWIT_CO_CHECK(context.check());
    std::unique_ptr<Connection> idle = take_idle(server);
    if (idle && reuse == Reuse::never) {
      --server.open;
      idle.reset();
      continue;
    }
    const bool fresh = !idle;
    if (fresh && server.open >= options_.connections_per_host) {
      co_await server.free.wait();
      continue;
    }
    if (fresh) {
      ++server.open;
      idle = std::make_unique<Connection>();
      idle->endpoint = endpoint;
    }
    in_use_.push_back(idle.get());
    Lease lease(shared_from_this(), std::move(idle));
    if (!std::exchange(watching_, true)) watches_.spawn(watch());
    lease.watch_cancel(context);
    if (fresh) GODWIT_CO_CHECK(co_await connect(context, lease));
    lease.extend(context.deadline());
    co_return std::move(lease);
  }
}

Task<void> Pool::connect(const Context& context, Lease& lease) {
  const Endpoint& endpoint = lease->endpoint;
  const MonoTime limit = world_.mono_now() + options_.connect_timeout;
  lease->expires = std::min(limit, context.deadline());
  GODWIT_CO_TRY(const std::optional<Proxy> proxy, proxy_for(world_, endpoint));
  tcp::socket socket(world_.executor());
  GODWIT_CO_CHECK(co_await connect_tcp(proxy ? proxy->endpoint : endpoint, lease, socket));
  ++stats_.connections;
  if (endpoint.scheme == Scheme::http) {
    lease->stream = plain_stream(std::move(socket));
    co_return Result<void>();
  }
  if (proxy) GODWIT_CO_CHECK(co_await tunnel(endpoint, proxy->authorization, lease, socket));
  co_return co_await secure(lease, socket);
}

Task<void> Pool::connect_tcp(const Endpoint& to, Lease& lease, tcp::socket& socket) {
  GODWIT_CO_TRY(const std::vector<tcp::endpoint> addresses, co_await resolve(world_, to));
  error_code error = asio::error::host_not_found;
  for (const tcp::endpoint& address : addresses) {
    if (lease->aborted) break;
    error_code ignored;
    socket.close(ignored);
    socket.open(address.protocol(), error);
    if (error) continue;
    lease->stream = std::make_unique<BareSocket>(socket);
    co_await socket.async_connect(address, asio::redirect_error(asio::use_awaitable, error));
    if (!error) break;
  }
  if (error || lease->aborted) {
    lease->stream.reset();
    co_return fail(lease.explain("connect to", error));
  }
  socket.set_option(tcp::no_delay(true), error);
  co_return Result<void>();
}

Task<void> Pool::tunnel(const Endpoint& to, const std::string& authorization, Lease& lease,
                        tcp::socket& socket) {
  const std::string name = to.host + ":" + std::to_string(to.port);
  std::string request = "CONNECT " + name + " HTTP/1.1\r\nHost: " + name + "\r\n";
  if (!authorization.empty()) request += "Proxy-Authorization: " + authorization + "\r\n";
  request += "\r\n";
  BareSocket stream(socket);
  error_code error;
  co_await stream.write(as_bytes(request), {}, error);
  std::string answer;
  while (!error && answer.find("\r\n\r\n") == std::string::npos) {
    std::array<std::byte, 2048> piece{};
    const std::size_t count = co_await stream.read(piece, error);
    if (count == 0 || answer.size() > kLargestHead) break;
    answer += as_text(std::span(piece).first(count));
  }
  if (error) co_return fail(lease.explain("through the proxy to", error));
  const Result<ResponseHead> head = parse_response_head(answer, true);
  if (head && head->status == 200) co_return Result<void>();
  const std::string status = head ? std::to_string(head->status) : "no HTTP";
  co_return fail(Error(Code::unavailable, "the proxy refused to connect to " + name + ": " + status)
                     .with_hint("check HTTPS_PROXY and NO_PROXY"));
}

Task<void> Pool::secure(Lease& lease, tcp::socket& socket) {
  if (!tls_) {
    auto load = [&options = options_.tls] { return make_tls(options); };
    GODWIT_CO_TRY(tls_, co_await run_blocking(world_, std::move(load)));
  }
  lease->stream = std::make_unique<BareSocket>(socket);
  Result<std::unique_ptr<Stream>> stream = co_await tls_stream(socket, *tls_, lease->endpoint.host);
  lease->stream.reset();
  if (!stream && lease->aborted) co_return fail(lease.explain("TLS with", {}));
  if (!stream) co_return fail(std::move(stream).error());
  lease->stream = *std::move(stream);
  co_return Result<void>();
}

void Pool::give_back(std::unique_ptr<Connection> connection, bool keep) {
  const auto place = std::ranges::find(in_use_, connection.get());
  std::swap(*place, in_use_.back());
  in_use_.pop_back();
  Host& server = host(connection->endpoint);
  if (keep && connection->stream && !connection->aborted && connection->begin == connection->end) {
    connection->begin = connection->end = 0;
    connection->expires = kNoDeadline;
    connection->idle_since = world_.mono_now();
    ++connection->uses;
    server.idle.push_back(std::move(connection));
  } else {
    --server.open;
  }
  server.free.notify_one();
  if (in_use_.empty()) returned_.notify_all();
}

asio::awaitable<void> Pool::watch() {
  while (!in_use_.empty()) {
    (void)co_await world_.sleep_until(world_.mono_now() + kWatchInterval, stop_.token());
    if (stop_.token().cancelled()) break;
    const MonoTime now = world_.mono_now();
    for (Connection* connection : in_use_) {
      if (connection->expires > now) continue;
      connection->abort(Error(Code::timed_out, "no answer in time"));
    }
  }
  watching_ = false;
}

asio::awaitable<void> Pool::close() {
  while (!in_use_.empty()) co_await returned_.wait();
  stop_.cancel();
  co_await watches_.join();
  hosts_.clear();
}

}  // namespace godwit::http
