#pragma once

#include <optional>
#include <string>

#include "http/transport.h"

namespace godwit::http {

/// A proxy and what to tell it.
struct Proxy {
  Endpoint endpoint;
  std::string authorization;  ///< value of Proxy-Authorization, or empty
};

/// Which proxy the environment names for a server: `HTTPS_PROXY` or `HTTP_PROXY` (lower case
/// first, as curl; `HTTP_PROXY` in upper case too), but for what `NO_PROXY` lists: host names,
/// ".suffixes", addresses, CIDR ranges, each with an optional ":port", and "*".
/// Failure: invalid_argument for a proxy that is no http URL.
[[nodiscard]] Result<std::optional<Proxy>> proxy_for(World& world, const Endpoint& endpoint);

/// The rule of NO_PROXY alone.
[[nodiscard]] bool bypasses_proxy(std::string_view no_proxy, const Endpoint& endpoint);

}  // namespace godwit::http
