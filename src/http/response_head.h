#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "http/transport.h"

namespace godwit::http {

/// How the length of a response's body is told (RFC 9112 §6.3).
enum class Framing : std::uint8_t { none, length, chunked, until_close };

struct ResponseHead {
  unsigned status = 0;
  Headers headers;
  Framing framing = Framing::none;
  Bytes length = 0;         ///< for Framing::length
  bool keep_alive = false;  ///< the connection may serve another request
};

inline constexpr std::size_t kLargestHead = 64 * kKiB;

/// The answer to a HEAD has no body, whatever its fields say.
enum class HeadRequest : std::uint8_t { no, yes };

/// Reads the head of an HTTP/1.x response from `text`, which ends with its empty line.
/// Strict, since a lenient reader is how requests are smuggled: a bad length, two that differ, a
/// length beside chunked, folded lines, control characters, a change of protocol are refused.
/// Failure: corrupted.
[[nodiscard]] Result<ResponseHead> parse_response_head(std::string_view text, HeadRequest request);

/// What RFC 9110 §5.1 allows as the name of a field.
[[nodiscard]] bool is_field_name(std::string_view name);

/// The size in a chunk's first line, without its line end. Failure: corrupted.
[[nodiscard]] Result<Bytes> parse_chunk_size(std::string_view line);

}  // namespace godwit::http
