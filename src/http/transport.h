#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "world/body.h"
#include "world/context.h"

namespace godwit::http {

/// Header fields in the order of arrival; names compare without case.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  /// The first value of that name, or nothing. The view lives as long as the field.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  /// Replaces all fields of that name.
  void set(std::string_view name, std::string value);
  /// Adds without looking.
  void add(std::string_view name, std::string value);
  void remove(std::string_view name);
  [[nodiscard]] const std::vector<Field>& fields() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

enum class Scheme : std::uint8_t { http, https };

/// Where a server listens.
struct Endpoint {
  Scheme scheme = Scheme::http;
  std::string host;  ///< name or address; IPv6 without brackets
  std::uint16_t port = 0;

  /// "host", "host:port" or "[v6]:port"; the port is left out when it is the scheme's own.
  [[nodiscard]] std::string authority() const;
  [[nodiscard]] std::string to_string() const;
  auto operator<=>(const Endpoint&) const = default;
};

struct Url {
  Endpoint endpoint;
  std::string target;  ///< path and query, still encoded; "/" when empty
};
/// RFC 3986, http and https only; user info is refused. Failure: invalid_argument.
[[nodiscard]] Result<Url> parse_url(std::string_view text);

enum class VerifyPeer : std::uint8_t { yes, no };

/// Whom to trust, and who we are.
struct TlsOptions {
  VerifyPeer verify = VerifyPeer::yes;
  std::string ca_file;           ///< PEM; besides the system's authorities
  std::string ca_directory;      ///< of PEM files named by hash (`openssl rehash`); besides them
  std::string certificate_file;  ///< PEM chain of the client's own certificate
  std::string key_file;          ///< PEM; empty: it is in `certificate_file`

  auto operator<=>(const TlsOptions&) const = default;
};

/// Whether the proxy that the environment names stands between.
enum class Proxying : std::uint8_t { as_environment, never };

enum class Expect : std::uint8_t {
  nothing,
  continue_100,  ///< send the body only after the server said so (or a second without a word)
};

/// Which of a server's connections a request is made on, when there are too few for all.
enum class Lane : std::uint8_t {
  first,
  /// For who holds, or may hold, an answer of the first lane until this request is done: whose body
  /// comes from there, or what belongs to it. The lane has as many connections, all its own, so
  /// that nobody waits for those who wait for him.
  second,
};

struct Request {
  std::string method;
  Endpoint endpoint;
  std::string target;  ///< path and query, encoded
  Headers headers;     ///< without Host, Content-Length, Connection: the transport's own
  Body* body = nullptr;
  Bytes body_size = 0;  ///< announced as Content-Length; the body must yield just as many
  Expect expect = Expect::nothing;
  /// For this server: authorities besides the client's, a certificate in place of the client's.
  const TlsOptions* tls = nullptr;
  Proxying proxying = Proxying::as_environment;
  Lane lane = Lane::first;
};

struct Response {
  unsigned status = 0;
  Headers headers;
  std::unique_ptr<Body> body;  ///< never null; empty for HEAD, 204, 304
  /// It answers a second sending (see Transport::send). The first may have taken effect: what is
  /// refused now because it is there, or gone, may be so by our own doing.
  bool repeated = false;
};

/// Sends one request and gives back the answer's head, with its body still streaming.
///
/// Any status is a success here: what a status means is the caller's to say.
/// Failure: unavailable (DNS, refused, reset, TLS: names the cause), timed_out (connect, idle or
/// the context's deadline), cancelled, corrupted (not HTTP), invalid_argument (a header's name
/// that is none, a line end in a header or target, a proxy or TLS file that is none); what
/// `request.body` failed with. Outcome: not_applied when the request has not left whole, so that no
/// server can have acted on it, else unknown; also for a body that fails after the head of the
/// answer to a write. A request is never repeated, but for one case: a kept-alive connection that
/// the server had closed before the first byte of an answer to a request without body or with a
/// rewindable one. Concurrency: any number of sends at once, on the World's executor. The Request
/// must live until the task ends; the Response's body may outlive both, and goes back to the pool
/// at its end.
class Transport {
 public:
  virtual ~Transport() = default;
  [[nodiscard]] virtual Task<Response> send(const Context& context, Request& request) = 0;
  /// Closes idle connections and waits until those in use are given back.
  [[nodiscard]] virtual Task<void> close() = 0;
};

}  // namespace godwit::http
