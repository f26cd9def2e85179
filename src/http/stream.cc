#include "http/stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

namespace godwit::http {
namespace {

using asio::ip::tcp;
using boost::system::error_code;

template <class Socket>
asio::awaitable<void> cancel_at(World& world, MonoTime deadline, CancelToken answered,
                                Socket& socket) {
  const Result<void> slept = co_await world.sleep_until(deadline, answered);
  error_code ignored;
  if (slept) socket.cancel(ignored);
}

template <class S>
class AsioStream final : public Stream {
 public:
  explicit AsioStream(S socket) : socket_(std::move(socket)) {}

  asio::awaitable<std::size_t> read(MutableByteSpan into, error_code& error) override {
    const asio::mutable_buffer buffer(into.data(), into.size());
    const std::size_t count =
        co_await socket_.async_read_some(buffer, asio::redirect_error(asio::use_awaitable, error));
    const bool ended = error == asio::error::eof || error == asio::ssl::error::stream_truncated;
    if (ended) error.clear();
    co_return ended ? 0 : count;
  }

  asio::awaitable<void> write(ByteSpan first, ByteSpan second, error_code& error) override {
    const std::array<asio::const_buffer, 2> buffers = {
        asio::const_buffer(first.data(), first.size()),
        asio::const_buffer(second.data(), second.size())};
    co_await asio::async_write(socket_, buffers, asio::redirect_error(asio::use_awaitable, error));
  }

  asio::awaitable<bool> readable_before(World& world, MonoTime deadline) override {
    auto& socket = socket_.lowest_layer();
    CancelSource answered;
    TaskGroup timer(world.executor());
    timer.spawn(cancel_at(world, deadline, answered.token(), socket));
    error_code error;
    co_await socket.async_wait(tcp::socket::wait_read,
                               asio::redirect_error(asio::use_awaitable, error));
    answered.cancel();
    co_await timer.join();
    co_return !error;
  }

  void close() override {
    error_code ignored;
    socket_.lowest_layer().close(ignored);
  }

 private:
  S socket_;
};

std::string tls_error(SSL* ssl, const error_code& error) {
  const long verified = SSL_get_verify_result(ssl);
  if (verified != X509_V_OK) return X509_verify_cert_error_string(verified);
  return error.message();
}

std::unexpected<Error> bad_file(const std::string& path, const error_code& error) {
  return fail(Error(Code::invalid_argument, "TLS file " + path + ": " + error.message())
                  .with_hint("it must be a readable PEM file"));
}

}  // namespace

std::unique_ptr<Stream> plain_stream(tcp::socket socket) {
  return std::make_unique<AsioStream<tcp::socket>>(std::move(socket));
}

Result<std::unique_ptr<asio::ssl::context>> make_tls(const TlsOptions& options) {
  auto tls = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(tls->native_handle(), TLS1_2_VERSION);
  error_code error;
  tls->set_verify_mode(
      options.verify == VerifyPeer::yes ? asio::ssl::verify_peer : asio::ssl::verify_none, error);
  tls->set_default_verify_paths(error);
  if (!options.ca_file.empty()) {
    tls->load_verify_file(options.ca_file, error);
    if (error) return bad_file(options.ca_file, error);
  }
  if (!options.certificate_file.empty()) {
    tls->use_certificate_chain_file(options.certificate_file, error);
    if (error) return bad_file(options.certificate_file, error);
    tls->use_private_key_file(options.key_file, asio::ssl::context::pem, error);
    if (error) return bad_file(options.key_file, error);
  }
  return tls;
}

Task<std::unique_ptr<Stream>> tls_stream(tcp::socket& socket, asio::ssl::context& tls,
                                         const std::string& host) {
  asio::ssl::stream<tcp::socket> stream(std::move(socket), tls);
  SSL_set_tlsext_host_name(stream.native_handle(), host.c_str());
  stream.set_verify_callback(asio::ssl::host_name_verification(host));
  error_code error;
  co_await stream.async_handshake(asio::ssl::stream_base::client,
                                  asio::redirect_error(asio::use_awaitable, error));
  if (!error)
    co_return std::make_unique<AsioStream<asio::ssl::stream<tcp::socket>>>(std::move(stream));
  const bool certificate = error.category() == asio::error::get_ssl_category();
  Error failure(Code::unavailable,
                "TLS with " + host + ": " + tls_error(stream.native_handle(), error));
  if (!certificate) co_return fail(std::move(failure));
  co_return fail(std::move(failure)
                     .with(Retry::never)
                     .with_hint("check the host name in the URL, the server's certificate and "
                                "--ca-file"));
}

}  // namespace godwit::http
