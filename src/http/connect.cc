// How the pool makes a connection: name, TCP, proxy, TLS.
#include <netdb.h>

#include <algorithm>
#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "http/connection.h"
#include "http/response_head.h"

namespace godwit::http {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
using boost::system::error_code;

/// What an address gets at most while there is another one to try.
constexpr Duration kHeadStart = 2s;

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

/// A look-up cannot be interrupted, but who asked may stop waiting.
struct Lookup {
  explicit Lookup(asio::any_io_executor executor) : changed(std::move(executor)) {}
  std::optional<Result<std::vector<tcp::endpoint>>> answer;
  Signal changed;
};

asio::awaitable<void> run_lookup(World& world, Endpoint endpoint, std::shared_ptr<Lookup> lookup) {
  auto work = [endpoint] { return look_up(endpoint); };
  auto answer = co_await run_blocking(world, std::move(work));
  lookup->answer = std::move(answer);
  lookup->changed.notify_all();
}

asio::awaitable<void> try_address(World& world, tcp::socket& socket, const tcp::endpoint& address,
                                  MonoTime until, error_code& error) {
  error_code ignored;
  socket.close(ignored);
  socket.open(address.protocol(), error);
  if (error) co_return;
  Alarm alarm(world, until, [&socket] {
    error_code unused;
    socket.cancel(unused);
  });
  co_await socket.async_connect(address, asio::redirect_error(asio::use_awaitable, error));
  const bool late = co_await alarm.stop();
  if (late && error) error = asio::error::timed_out;
}

Error refused_by_proxy(const Proxy& proxy, const std::string& name, unsigned status) {
  Error error(Code::unavailable, "the proxy " + proxy.endpoint.to_string() +
                                     " does not connect to " + name + ": status " +
                                     std::to_string(status));
  if (status == 407) {
    return std::move(error)
        .with(Retry::never)
        .with_hint("it wants a name and a password: HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT");
  }
  return std::move(error).with_hint("check HTTPS_PROXY and NO_PROXY");
}

}  // namespace

Task<void> Pool::connect(const Context& context, Lease& lease) {
  const MonoTime limit = world_.mono_now() + options_.connect_timeout;
  lease->limit = limit < context.deadline() ? Limit::connecting : Limit::deadline;
  lease->expires = std::min(limit, context.deadline());
  const Endpoint& to = lease->proxy != nullptr ? lease->proxy->endpoint : lease->endpoint;
  GODWIT_CO_TRY(tcp::socket socket, co_await connect_tcp(to, lease));
  ++stats_.connections;
  if (lease->endpoint.scheme == Scheme::http) {
    lease->stream = plain_stream(std::move(socket));
    co_return Result<void>();
  }
  if (lease->proxy != nullptr) GODWIT_CO_CHECK(co_await tunnel(lease, socket));
  co_return co_await secure(lease, std::move(socket));
}

Task<std::vector<tcp::endpoint>> Pool::resolve(const Endpoint& to, Lease& lease) {
  error_code not_an_address;
  const auto address = asio::ip::make_address(to.host, not_an_address);
  if (!not_an_address) co_return std::vector{tcp::endpoint(address, to.port)};
  const auto lookup = std::make_shared<Lookup>(world_.executor());
  helpers_.spawn(run_lookup(world_, to, lookup));
  lease->interrupt = [lookup] { lookup->changed.notify_all(); };
  while (!lookup->answer && !lease->aborted) co_await lookup->changed.wait();
  lease->interrupt = nullptr;
  if (lease->aborted) co_return fail(lease.explain("look up the name of", {}));
  co_return *std::move(lookup->answer);
}

Task<tcp::socket> Pool::connect_tcp(const Endpoint& to, Lease& lease) {
  GODWIT_CO_TRY(const std::vector<tcp::endpoint> addresses, co_await resolve(to, lease));
  tcp::socket socket(world_.executor());
  lease->interrupt = [&socket] {
    error_code ignored;
    socket.close(ignored);
  };
  error_code error = asio::error::host_not_found;
  for (std::size_t i = 0; i < addresses.size() && error && !lease->aborted; ++i) {
    const MonoTime now = world_.mono_now();
    const auto left = static_cast<Duration::rep>(addresses.size() - i);
    // The last one has all the time there is, and the watch to end it.
    const MonoTime until =
        left == 1 ? lease->expires + 1s : now + std::min((lease->expires - now) / left, kHeadStart);
    co_await try_address(world_, socket, addresses[i], until, error);
  }
  lease->interrupt = nullptr;
  if (error || lease->aborted) {
    const std::string proxy =
        lease->proxy == nullptr ? "" : " the proxy " + to.to_string() + " for";
    co_return fail(lease.explain("connect to" + proxy, error));
  }
  socket.set_option(tcp::no_delay(true), error);
  co_return std::move(socket);
}

Task<void> Pool::tunnel(Lease& lease, tcp::socket& socket) {
  Endpoint to = lease->endpoint;
  to.scheme = Scheme::http;  // so that its authority names the port
  const std::string name = to.port == 80 ? to.authority() + ":80" : to.authority();
  std::string request = "CONNECT " + name + " HTTP/1.1\r\nHost: " + name + "\r\n";
  if (!lease->proxy->authorization.empty()) {
    request += "Proxy-Authorization: " + lease->proxy->authorization + "\r\n";
  }
  request += "\r\n";
  lease->interrupt = [&socket] {
    error_code ignored;
    socket.close(ignored);
  };
  error_code error;
  co_await asio::async_write(socket, asio::buffer(request),
                             asio::redirect_error(asio::use_awaitable, error));
  std::string answer;
  while (!error && !answer.ends_with("\r\n\r\n") && answer.size() < kLargestHead) {
    // One byte too many would be a byte of TLS; servers do not speak first there, proxies might.
    std::array<char, 1> byte{};
    co_await socket.async_read_some(asio::buffer(byte),
                                    asio::redirect_error(asio::use_awaitable, error));
    if (!error) answer += byte[0];
  }
  lease->interrupt = nullptr;
  if (error || lease->aborted) {
    const std::string proxy = lease->proxy->endpoint.to_string();
    co_return fail(lease.explain("through the proxy " + proxy + " to", error));
  }
  GODWIT_CO_TRY(const ResponseHead head, parse_response_head(answer, HeadRequest::yes));
  if (head.status >= 200 && head.status < 300) co_return Result<void>();
  co_return fail(refused_by_proxy(*lease->proxy, name, head.status));
}

Task<void> Pool::secure(Lease& lease, tcp::socket socket) {
  Host& server = *lease->host;
  GODWIT_CO_CHECK(co_await load_tls(server.asked, *server.tls));
  std::unique_ptr<TlsStream> stream =
      tls_stream(std::move(socket), *server.tls->context, lease->endpoint.host, server.session);
  TlsStream& tls = *stream;
  lease->stream = std::move(stream);
  // Aborted while the authorities were read: there was nothing to close then.
  if (lease->aborted) lease->stream->close();
  const Result<void> shaken = co_await tls.handshake();
  if (lease->aborted) co_return fail(lease.explain("TLS with", {}));
  co_return shaken;
}

Task<void> Pool::load_tls(const TlsOptions& asked, TlsContext& tls) {
  while (tls.loading) co_await tls.loaded.wait();
  if (tls.context) co_return Result<void>();
  tls.loading = true;
  auto load = [&all = options_.tls, &asked] { return make_tls(all, asked); };
  Result<std::unique_ptr<asio::ssl::context>> loaded =
      co_await run_blocking(world_, std::move(load));
  tls.loading = false;
  tls.loaded.notify_all();
  if (!loaded) co_return fail(std::move(loaded).error());
  tls.context = *std::move(loaded);
  co_return Result<void>();
}

}  // namespace godwit::http
