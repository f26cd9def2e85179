#pragma once

#include <string>
#include <string_view>

#include "http/transport.h"

namespace godwit::http {

enum class Slash : std::uint8_t { keep, encode };

/// Percent-encodes all but unreserved characters (RFC 3986 §2.3), as SigV4 demands.
[[nodiscard]] std::string uri_encode(std::string_view text, Slash slash);
/// Failure: invalid_argument for a '%' that begins no escape. '+' stays '+'.
[[nodiscard]] Result<std::string> uri_decode(std::string_view text);

}  // namespace godwit::http
