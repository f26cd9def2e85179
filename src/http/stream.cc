#include "http/stream.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <filesystem>

namespace godwit::http {
namespace {

using asio::ip::tcp;
using boost::system::error_code;

template <class S, class Base>
class AsioStream : public Base {
 public:
  template <class... Args>
  explicit AsioStream(Args&&... args) : socket_(std::forward<Args>(args)...) {}

  asio::awaitable<std::size_t> read(MutableByteSpan into, error_code& error) override {
    const asio::mutable_buffer buffer(into.data(), into.size());
    const std::size_t count =
        co_await socket_.async_read_some(buffer, asio::redirect_error(asio::use_awaitable, error));
    // An end without TLS's own farewell stays an error: someone may have cut the stream.
    if (error == asio::error::eof) error.clear();
    co_return count;
  }

  asio::awaitable<std::optional<std::size_t>> read_before(World& world, MonoTime deadline,
                                                          MutableByteSpan into,
                                                          error_code& error) override {
    Alarm alarm(world, deadline, [this] {
      error_code ignored;
      socket_.lowest_layer().cancel(ignored);
    });
    const std::size_t count = co_await read(into, error);
    const bool rung = co_await alarm.stop();
    if (!rung || error != asio::error::operation_aborted) co_return count;
    error.clear();
    co_return std::nullopt;
  }

  asio::awaitable<void> write(ByteSpan bytes, error_code& error) override {
    // Not asio::async_write: it hands the kernel no more than 64 KiB at a time.
    while (!bytes.empty() && !error) {
      const asio::const_buffer buffer(bytes.data(), bytes.size());
      const std::size_t count = co_await socket_.async_write_some(
          buffer, asio::redirect_error(asio::use_awaitable, error));
      bytes = bytes.subspan(count);
    }
  }

  bool quiet() override {
    char one = 0;
    const auto count =
        ::recv(socket_.lowest_layer().native_handle(), &one, 1, MSG_PEEK | MSG_DONTWAIT);
    return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }

  void close() override {
    error_code ignored;
    socket_.lowest_layer().close(ignored);
  }

 protected:
  S socket_;
};

/// What a person can do about a certificate that was not accepted.
const char* hint_for(long verified) {
  switch (verified) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "the certificate was made for other names: use one of them in the endpoint's URL";
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "renew the server's certificate, or set this machine's clock";
    default: return "if you trust its authority, name it with --ca-file";
  }
}

/// Where a connection keeps the address of its server's session.
int session_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

/// Called by OpenSSL when the server hands out a session. A copy is kept: OpenSSL takes the
/// original for spoiled when its connection ends without a farewell.
int keep_session(SSL* ssl, SSL_SESSION* given) {
  auto* session = static_cast<TlsSession*>(SSL_get_ex_data(ssl, session_index()));
  if (session != nullptr) session->set(SSL_SESSION_dup(given));
  return 0;
}

class AsioTlsStream final : public AsioStream<asio::ssl::stream<tcp::socket>, TlsStream> {
 public:
  AsioTlsStream(tcp::socket socket, asio::ssl::context& tls, std::string host, TlsSession& session)
      : AsioStream(std::move(socket), tls), host_(std::move(host)), session_(session) {}

  Task<void> handshake() override {
    expect_name();
    resume();
    error_code error;
    co_await socket_.async_handshake(asio::ssl::stream_base::client,
                                     asio::redirect_error(asio::use_awaitable, error));
    if (!error) co_return Result<void>();
    session_.set(nullptr);
    SSL* ssl = socket_.native_handle();
    const bool verifies = SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE;
    const long verified = verifies ? SSL_get_verify_result(ssl) : X509_V_OK;
    const std::string who = "TLS with " + host_ + ": ";
    if (verified != X509_V_OK) {
      const std::string why = X509_verify_cert_error_string(verified);
      co_return fail(Error(Code::unavailable, who + "the server's certificate: " + why)
                         .with(Retry::never)
                         .with_hint(hint_for(verified)));
    }
    Error failure(Code::unavailable, who + error.message());
    if (!is_tls_error(error)) co_return fail(std::move(failure));
    co_return fail(std::move(failure)
                       .with(Retry::never)
                       .with_hint("does the server speak TLS 1.2 or later at this port, and not "
                                  "plain http?"));
  }

 private:
  /// OpenSSL itself compares the names, so that its verdict says when they do not match.
  void expect_name() {
    SSL* ssl = socket_.native_handle();
    error_code not_an_address;
    asio::ip::make_address(host_, not_an_address);
    if (!not_an_address) {
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host_.c_str());
      return;
    }
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(ssl, host_.c_str());
    // A macro with a C cast. RFC 6066 §3: names only, never addresses.
    SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host_.data());
  }

  void resume() {
    SSL* ssl = socket_.native_handle();
    SSL_set_ex_data(ssl, session_index(), &session_);
    if (session_.get() == nullptr) return;
    SSL_SESSION* copy = SSL_SESSION_dup(session_.get());
    SSL_set_session(ssl, copy);
    SSL_SESSION_free(copy);
  }

  std::string host_;
  TlsSession& session_;
};

class AsioServerTlsStream final : public AsioStream<asio::ssl::stream<tcp::socket>, TlsStream> {
 public:
  using AsioStream::AsioStream;

  Task<void> handshake() override {
    error_code error;
    co_await socket_.async_handshake(asio::ssl::stream_base::server,
                                     asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return fail(Code::unavailable, "TLS with a client: " + error.message());
    co_return Result<void>();
  }
};

std::unexpected<Error> bad_file(const std::string& path, const error_code& error) {
  return fail(Error(Code::invalid_argument, "TLS file " + path + ": " + error.message())
                  .with_hint("it must be a readable PEM file"));
}

Result<void> trust(asio::ssl::context& tls, const TlsOptions& options) {
  error_code error;
  if (!options.ca_file.empty()) {
    tls.load_verify_file(options.ca_file, error);
    if (error) return bad_file(options.ca_file, error);
  }
  if (options.ca_directory.empty()) return {};
  // OpenSSL looks into it only when it needs an authority, and says nothing when it is not there.
  if (!std::filesystem::is_directory(options.ca_directory)) {
    return fail(
        Error(Code::invalid_argument, "TLS directory " + options.ca_directory + " is no directory")
            .with_hint("it must hold PEM files named by `openssl rehash`"));
  }
  tls.add_verify_path(options.ca_directory, error);
  return {};
}

/// Takes the certificate that the options name, if they do.
Result<void> show(asio::ssl::context& tls, const TlsOptions& options) {
  if (options.certificate_file.empty()) return {};
  error_code error;
  tls.use_certificate_chain_file(options.certificate_file, error);
  if (error) return bad_file(options.certificate_file, error);
  const std::string& key = options.key_file.empty() ? options.certificate_file : options.key_file;
  tls.use_private_key_file(key, asio::ssl::context::pem, error);
  if (error) return bad_file(key, error);
  return {};
}

}  // namespace

Alarm::Alarm(World& world, MonoTime deadline, std::function<void()> action)
    : action_(std::move(action)), timer_(world.executor()) {
  timer_.spawn(run(*this, world, deadline));
}

asio::awaitable<void> Alarm::run(Alarm& alarm, World& world, MonoTime deadline) {
  const Result<void> slept = co_await world.sleep_until(deadline, alarm.stopped_.token());
  if (!slept) co_return;
  alarm.rung_ = true;
  alarm.action_();
}

asio::awaitable<bool> Alarm::stop() {
  stopped_.cancel();
  co_await timer_.join();
  co_return rung_;
}

std::unique_ptr<Stream> plain_stream(tcp::socket socket) {
  return std::make_unique<AsioStream<tcp::socket, Stream>>(std::move(socket));
}

std::unique_ptr<TlsStream> tls_stream(tcp::socket socket, asio::ssl::context& tls, std::string host,
                                      TlsSession& session) {
  return std::make_unique<AsioTlsStream>(std::move(socket), tls, std::move(host), session);
}

std::unique_ptr<TlsStream> server_tls_stream(tcp::socket socket, asio::ssl::context& tls) {
  return std::make_unique<AsioServerTlsStream>(std::move(socket), tls);
}

void TlsSession::set(ssl_session_st* session) {
  SSL_SESSION_free(session_);
  session_ = session;
}

bool is_tls_error(const error_code& error) {
  return error.category() == asio::error::get_ssl_category();
}

Result<std::unique_ptr<asio::ssl::context>> make_server_tls(const TlsOptions& own) {
  auto tls = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(tls->native_handle(), TLS1_2_VERSION);
  GODWIT_CHECK(show(*tls, own));
  return tls;
}

Result<std::unique_ptr<asio::ssl::context>> make_tls(const TlsOptions& all, const TlsOptions& own) {
  auto tls = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(tls->native_handle(), TLS1_2_VERSION);
  static constexpr std::array<unsigned char, 9> kAlpn = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  SSL_CTX_set_alpn_protos(tls->native_handle(), kAlpn.data(), kAlpn.size());
  SSL_CTX_set_session_cache_mode(tls->native_handle(),
                                 SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(tls->native_handle(), keep_session);
  error_code error;
  const bool verify = all.verify == VerifyPeer::yes && own.verify == VerifyPeer::yes;
  tls->set_verify_mode(verify ? asio::ssl::verify_peer : asio::ssl::verify_none, error);
  tls->set_default_verify_paths(error);
  GODWIT_CHECK(trust(*tls, all));
  GODWIT_CHECK(trust(*tls, own));
  GODWIT_CHECK(show(*tls, own.certificate_file.empty() ? all : own));
  return tls;
}

}  // namespace godwit::http
