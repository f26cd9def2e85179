#pragma once

#include <memory>
#include <string>

#include "http/transport.h"

namespace godwit::http {

struct ClientOptions {
  Duration connect_timeout = std::chrono::seconds(10);  ///< name, connection and TLS
  Duration idle_timeout = std::chrono::seconds(60);     ///< no byte moved in either direction
  Duration keep_alive = std::chrono::seconds(50);       ///< unused connections are kept so long
  /// In use at once by each Lane; further requests of that lane wait for one, in order.
  std::size_t connections_per_host = 256;
  TlsOptions tls;  ///< for requests that name none
};

/// What a client has done since it was made.
struct ClientStats {
  std::uint64_t requests = 0;
  std::uint64_t connections = 0;
  Bytes sent = 0;
  Bytes received = 0;
};

/// HTTP/1.1 over TCP and TLS 1.2 up: keep-alive pool per server, proxies from the environment (read
/// once per server). Limits are looked at a few times a second, so they end a call up to 0.2 s
/// late. Await close() before destroying it, and send nothing after.
class Client : public Transport {
 public:
  [[nodiscard]] virtual const ClientStats& stats() const = 0;
};

/// Starts no I/O; files of TLS are read at the first https request.
[[nodiscard]] std::unique_ptr<Client> make_client(World& world, ClientOptions options = {});

}  // namespace godwit::http
