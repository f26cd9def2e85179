#pragma once

#include <functional>
#include <memory>
#include <string>

#include "http/request_parser.h"
#include "http/transport.h"

namespace godwit::http {

/// What is answered: as a whole, or the head of an answer that streams.
struct Answer {
  unsigned status = 200;
  Headers headers;  ///< without Content-Length, Transfer-Encoding, Connection
  std::string body;
};

struct ServerOptions {
  std::string address = "127.0.0.1";  ///< an IP address of this machine
  std::uint16_t port = 0;             ///< 0: one that is free
  Bytes max_head = Bytes{32} << 10;
  std::size_t max_connections = 256;                 ///< further ones get a 503, or nothing
  Duration head_timeout = std::chrono::seconds(10);  ///< from its first byte to its last
  Duration keep_alive = std::chrono::seconds(75);    ///< that a connection may be without a request
  Duration idle_timeout = std::chrono::seconds(30);  ///< no byte of a body or an answer has moved
  std::string certificate_file;                      ///< PEM chain; empty: plain http
  std::string key_file;                              ///< PEM; empty: in `certificate_file`
  /// What is answered where no handler is asked: 400, 408, 431, 500, 503. Null: plain text.
  std::function<Answer(unsigned status, const std::string& why)> refuse;
};

/// How long an answer that streams will be.
struct AnswerSize {
  std::optional<Bytes> bytes;  ///< absent: until its end
};

/// One request, and the one answer to it.
/// Failure of all that sends: unavailable, timed_out: the client has gone, and nothing else can be
/// told it. Concurrency: the World's executor; one call at a time.
class Exchange {
 public:
  virtual ~Exchange() = default;
  [[nodiscard]] virtual const RequestHead& head() const = 0;
  /// Of the body, where the client tells.
  [[nodiscard]] virtual std::optional<Bytes> body_size() const = 0;
  /// The next bytes of the body, up to the size of `into` (> 0); 0: it has ended.
  /// Failure: timed_out, unavailable; corrupted.
  [[nodiscard]] virtual Task<std::size_t> read(MutableByteSpan into) = 0;
  /// All of the body. Failure: limit_exceeded past `most` bytes (one that is announced is not even
  /// read); timed_out; corrupted.
  [[nodiscard]] virtual Task<std::string> read_body(Bytes most) = 0;
  [[nodiscard]] virtual Task<void> respond(Answer answer) = 0;
  /// Sends the head of an answer whose body comes by `send`; `answer.body` is not looked at.
  /// One of a known size that ends short closes the connection, so that the client sees it.
  [[nodiscard]] virtual Task<void> begin(Answer answer, AnswerSize size) = 0;
  [[nodiscard]] virtual Task<void> send(ByteSpan bytes) = 0;
  /// Ends an answer that was begun, as a whole one.
  [[nodiscard]] virtual Task<void> end() = 0;
  /// Whether an answer was begun.
  [[nodiscard]] virtual bool answered() const = 0;
  /// Cancelled when the server stops: answers without an end should come to one.
  [[nodiscard]] virtual const CancelToken& stopping() const = 0;
};

/// Answers one request. Where it has answered nothing, the client gets a 500; an answer that was
/// begun and not ended breaks off. It must not throw. The Exchange lives until it returns.
using Handler = std::function<asio::awaitable<void>(Exchange&)>;

/// HTTP/1.1 to whoever connects: keep-alive, one request of a connection at a time, every wait and
/// size bounded by the options. Bad requests are answered without the handler.
/// Concurrency: the World's executor. Await stop() before destroying it.
class Server {
 public:
  virtual ~Server() = default;
  /// With the port that was taken.
  [[nodiscard]] virtual Endpoint endpoint() const = 0;
  [[nodiscard]] virtual std::size_t connections() const = 0;
  /// Takes no more connections, ends idle ones; waits up to `grace` for answers under way, then
  /// closes those connections and waits for their handlers.
  [[nodiscard]] virtual asio::awaitable<void> stop(Duration grace) = 0;
};

/// Listens from when this returns.
/// Failure: invalid_argument for the address and TLS files; precondition_failed when the port is
/// taken; permission_denied.
[[nodiscard]] Result<std::unique_ptr<Server>> listen(World& world, ServerOptions options,
                                                     Handler handler);

/// As headers have it: "Sat, 21 Nov 2026 05:31:10 GMT".
[[nodiscard]] std::string http_date(WallTime time);

}  // namespace godwit::http
