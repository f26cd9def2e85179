#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "http/client.h"
#include "world/signal.h"

struct ssl_session_st;

namespace godwit::http {

/// Calls `action` at `deadline`, unless it is stopped before. Stop it before it is destroyed.
class Alarm {
 public:
  Alarm(World& world, MonoTime deadline, std::function<void()> action);
  /// True when it has rung.
  [[nodiscard]] asio::awaitable<bool> stop();

 private:
  static asio::awaitable<void> run(Alarm& alarm, World& world, MonoTime deadline);

  std::function<void()> action_;
  bool rung_ = false;
  CancelSource stopped_;
  TaskGroup timer_;
};

/// Bytes both ways, plain or TLS. Errors of the system come back as codes.
class Stream {
 public:
  virtual ~Stream() = default;
  /// 0: the peer has ended its side.
  [[nodiscard]] virtual asio::awaitable<std::size_t> read(MutableByteSpan into,
                                                          boost::system::error_code& error) = 0;
  /// As read, but nothing when nothing came until `deadline`.
  [[nodiscard]] virtual asio::awaitable<std::optional<std::size_t>> read_before(
      World& world, MonoTime deadline, MutableByteSpan into, boost::system::error_code& error) = 0;
  /// Sends all of it.
  [[nodiscard]] virtual asio::awaitable<void> write(ByteSpan bytes,
                                                    boost::system::error_code& error) = 0;
  /// Of an idle connection: the peer has neither closed it nor said what nobody asked for.
  /// Cost: one system call.
  [[nodiscard]] virtual bool quiet() = 0;
  /// Pending calls end with an error.
  virtual void close() = 0;
};

/// The last session with a server, so that the next connection to it need not show and check
/// certificates again. Outlives the streams that know it.
class TlsSession {
 public:
  TlsSession() = default;
  TlsSession(TlsSession&&) = delete;
  ~TlsSession() { set(nullptr); }

  [[nodiscard]] ssl_session_st* get() const { return session_; }
  /// Takes over one reference.
  void set(ssl_session_st* session);

 private:
  ssl_session_st* session_ = nullptr;
};

/// A stream that becomes usable with its handshake.
class TlsStream : public Stream {
 public:
  /// Shakes hands; a client checks the server's certificate against its name.
  /// Failure: unavailable; never retried when a certificate or the protocol is the cause: says
  /// which check failed and what to do.
  [[nodiscard]] virtual Task<void> handshake() = 0;
};

[[nodiscard]] std::unique_ptr<Stream> plain_stream(asio::ip::tcp::socket socket);

/// Loads the authorities of both, and the certificate of `own` or else that of `all`.
/// Failure: invalid_argument naming the file.
[[nodiscard]] Result<std::unique_ptr<asio::ssl::context>> make_tls(const TlsOptions& all,
                                                                   const TlsOptions& own);

/// For a server known as `host`, a name or an address. `tls` and `session` must outlive it.
[[nodiscard]] std::unique_ptr<TlsStream> tls_stream(asio::ip::tcp::socket socket,
                                                    asio::ssl::context& tls, std::string host,
                                                    TlsSession& session);

/// TLS 1.2 up for servers, with the certificate of `own`. Failure: invalid_argument naming the
/// file.
[[nodiscard]] Result<std::unique_ptr<asio::ssl::context>> make_server_tls(const TlsOptions& own);
/// The server's end; its handshake asks the client for no certificate. `tls` must outlive it.
[[nodiscard]] std::unique_ptr<TlsStream> server_tls_stream(asio::ip::tcp::socket socket,
                                                           asio::ssl::context& tls);

/// What TLS has to say about a failed read or write: the peer refused us by an alert, say.
[[nodiscard]] bool is_tls_error(const boost::system::error_code& error);

}  // namespace godwit::http
