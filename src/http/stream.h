#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "http/client.h"
#include "world/signal.h"

namespace godwit::http {

/// Bytes both ways, plain or TLS. Errors of the system come back as codes.
class Stream {
 public:
  virtual ~Stream() = default;
  /// 0: the peer has ended its side.
  [[nodiscard]] virtual asio::awaitable<std::size_t> read(MutableByteSpan into,
                                                          boost::system::error_code& error) = 0;
  /// Sends all of both, in one call where possible.
  [[nodiscard]] virtual asio::awaitable<void> write(ByteSpan first, ByteSpan second,
                                                    boost::system::error_code& error) = 0;
  /// False when nothing came until `deadline`.
  [[nodiscard]] virtual asio::awaitable<bool> readable_before(World& world, MonoTime deadline) = 0;
  /// Pending calls end with an error.
  virtual void close() = 0;
};

[[nodiscard]] std::unique_ptr<Stream> plain_stream(asio::ip::tcp::socket socket);

/// Loads authorities and the client's certificate. Failure: invalid_argument naming the file.
[[nodiscard]] Result<std::unique_ptr<asio::ssl::context>> make_tls(const TlsOptions& options);

/// Shakes hands, checks the certificate against `host`.
/// Failure: unavailable, never retried when the certificate is the cause; says which check failed.
[[nodiscard]] Task<std::unique_ptr<Stream>> tls_stream(asio::ip::tcp::socket& socket,
                                                       asio::ssl::context& tls,
                                                       const std::string& host);

}  // namespace godwit::http
