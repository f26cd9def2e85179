#include "http/server.h"

#include <ctime>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <set>
#include <utility>

#include "http/server_exchange.h"

namespace godwit::http {
namespace {

using asio::ip::tcp;
using boost::system::error_code;

constexpr Duration kLook = std::chrono::milliseconds(10);
constexpr Duration kAcceptPause = std::chrono::milliseconds(100);

Answer plain_refusal(unsigned status, const std::string& why) {
  Answer answer{.status = status, .body = why + "\n"};
  answer.headers.set("Content-Type", "text/plain");
  return answer;
}

class AsioServer final : public Server {
 public:
  AsioServer(World& world, ServerOptions options, Handler handler)
      : world_(world),
        options_(std::move(options)),
        handler_(std::move(handler)),
        acceptor_(world.executor()),
        tasks_(world.executor()) {
    if (!options_.refuse) options_.refuse = plain_refusal;
  }

  [[nodiscard]] Result<void> open();

  [[nodiscard]] Endpoint endpoint() const override { return endpoint_; }
  [[nodiscard]] std::size_t connections() const override { return wires_.size(); }
  [[nodiscard]] asio::awaitable<void> stop(Duration grace) override;

 private:
  static asio::awaitable<void> accept_all(AsioServer& server);
  static asio::awaitable<void> serve(AsioServer& server, std::unique_ptr<Wire> wire);
  [[nodiscard]] std::unique_ptr<Wire> make_wire(tcp::socket socket, const tcp::endpoint& peer);
  [[nodiscard]] asio::awaitable<void> answer_all(Wire& wire);
  [[nodiscard]] asio::awaitable<bool> answer_one(Wire& wire);
  [[nodiscard]] asio::awaitable<void> refuse(Wire& wire, const Error& error);

  World& world_;
  ServerOptions options_;
  Handler handler_;
  std::unique_ptr<asio::ssl::context> tls_;
  Endpoint endpoint_;
  tcp::acceptor acceptor_;
  std::set<Wire*> wires_;
  CancelSource stopping_;
  TaskGroup tasks_;
};

Error cannot_listen(const std::string& where, const error_code& error) {
  const std::string what = "cannot listen on " + where + ": " + error.message();
  if (error == asio::error::address_in_use) {
    return Error(Code::precondition_failed, what).with_hint("does it run already?");
  }
  if (error == asio::error::access_denied) {
    return Error(Code::permission_denied, what).with_hint("ports below 1024 are for root");
  }
  return Error(Code::invalid_argument, what).with_hint("is it an address of this machine?");
}

Result<void> AsioServer::open() {
  error_code error;
  const auto address = asio::ip::make_address(options_.address, error);
  if (error) {
    return fail(Error(Code::invalid_argument, "'" + options_.address + "' is no IP address")
                    .with_hint("such as 127.0.0.1, ::1 or 0.0.0.0"));
  }
  if (!options_.certificate_file.empty()) {
    const TlsOptions own{.certificate_file = options_.certificate_file,
                         .key_file = options_.key_file};
    GODWIT_TRY(tls_, make_server_tls(own));
  }
  endpoint_ = {.scheme = tls_ ? Scheme::https : Scheme::http,
               .host = options_.address,
               .port = options_.port};
  const tcp::endpoint place(address, options_.port);
  acceptor_.open(place.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(place, error);
  if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
  if (error) return fail(cannot_listen(endpoint_.authority(), error));
  endpoint_.port = acceptor_.local_endpoint(error).port();
  tasks_.spawn(accept_all(*this));
  return {};
}

std::unique_ptr<Wire> AsioServer::make_wire(tcp::socket socket, const tcp::endpoint& peer) {
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  auto wire = std::make_unique<Wire>(world_, options_);
  wire->peer = peer.address().to_string();
  if (tls_) {
    auto secured = server_tls_stream(std::move(socket), *tls_);
    wire->secured = secured.get();
    wire->stream = std::move(secured);
  } else {
    wire->stream = plain_stream(std::move(socket));
  }
  return wire;
}

asio::awaitable<void> AsioServer::accept_all(AsioServer& server) {
  const Context context = Context(server.world_).with_cancel(server.stopping_.token());
  while (!server.stopping_.token().cancelled()) {
    error_code error;
    tcp::endpoint peer;
    tcp::socket socket = co_await server.acceptor_.async_accept(
        peer, asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted) break;
    if (error) {
      // No file descriptor is left, say: those in use will come back.
      (void)co_await context.sleep(kAcceptPause);
      continue;
    }
    // Twice as many are held, for those that are told so; whoever comes then is told nothing.
    if (server.wires_.size() >= 2 * server.options_.max_connections) continue;
    server.tasks_.spawn(serve(server, server.make_wire(std::move(socket), peer)));
  }
}

asio::awaitable<void> AsioServer::serve(AsioServer& server, std::unique_ptr<Wire> wire) {
  const bool too_many = server.wires_.size() >= server.options_.max_connections;
  server.wires_.insert(wire.get());
  const bool usable = wire->secured == nullptr || co_await wire->shake_hands();
  if (usable && too_many) {
    const Error full(Code::throttled, "too many connections");
    co_await server.refuse(*wire, full);
  } else if (usable) {
    co_await server.answer_all(*wire);
  }
  wire->stream->close();
  server.wires_.erase(wire.get());
}

asio::awaitable<void> AsioServer::answer_all(Wire& wire) {
  while (!stopping_.token().cancelled()) {
    const bool more = co_await answer_one(wire);
    if (!more) break;
  }
}

/// Whether another request may follow.
asio::awaitable<bool> AsioServer::answer_one(Wire& wire) {
  RequestParser parser(options_.max_head);
  const Result<bool> asked = co_await wire.read_head(parser);
  if (!asked) co_await refuse(wire, asked.error());
  if (!asked || !*asked) co_return false;
  RequestHead head = parser.head();
  head.peer = wire.peer;
  ServerExchange exchange(wire, parser, std::move(head), stopping_.token());
  co_await handler_(exchange);
  if (!exchange.answered()) {
    Answer missing = options_.refuse(500, "nobody answered the request");
    (void)co_await exchange.respond(std::move(missing));
  }
  co_return co_await exchange.finish();
}

asio::awaitable<void> AsioServer::refuse(Wire& wire, const Error& error) {
  const unsigned status = error.code() == Code::limit_exceeded ? 431
                          : error.code() == Code::timed_out    ? 408
                          : error.code() == Code::throttled    ? 503
                                                               : 400;
  const Answer answer = options_.refuse(status, error.message());
  const std::string text = write_head(answer, {answer.body.size()}, Next::close) + answer.body;
  (void)co_await wire.write(as_bytes(text));
  co_await wire.drain();
}

asio::awaitable<void> AsioServer::stop(Duration grace) {
  error_code ignored;
  acceptor_.close(ignored);
  stopping_.cancel();
  for (Wire* wire : wires_) {
    if (wire->idle) wire->stream->close();
  }
  const Context patient = Context(world_).with_timeout(grace);
  while (tasks_.running() > 0) {
    const Result<void> slept = co_await patient.sleep(kLook);
    if (!slept) break;
  }
  for (Wire* wire : wires_) wire->stream->close();
  co_await tasks_.join();
}

}  // namespace

std::string http_date(WallTime time) {
  const std::time_t seconds =
      std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[64];
  const std::size_t size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text, size};
}

Result<std::unique_ptr<Server>> listen(World& world, ServerOptions options, Handler handler) {
  auto server = std::make_unique<AsioServer>(world, std::move(options), std::move(handler));
  GODWIT_CHECK(server->open());
  return server;
}

}  // namespace godwit::http
