#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "godwit/units.h"

namespace godwit {

using ByteSpan = std::span<const std::byte>;
using MutableByteSpan = std::span<std::byte>;

/// Views of the same memory under the other type. Cost: none.
[[nodiscard]] inline ByteSpan as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}
[[nodiscard]] inline std::string_view as_text(ByteSpan bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Reads "8MiB", "1.5GiB", "64k", "100MB", "512" (bytes). K/M/G/T and KiB… are powers of 1024,
/// KB/MB/GB/TB powers of 1000, any case. Failure: invalid_argument, with the accepted forms.
[[nodiscard]] Result<Bytes> parse_bytes(std::string_view text);

/// "8 MiB", "1.5 GiB", "512 B": at most three significant digits, for people.
[[nodiscard]] std::string format_bytes(Bytes bytes);

}  // namespace godwit
