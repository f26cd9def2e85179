#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/checksum.h"

namespace godwit {

/// An entity tag that tells the content, as S3 makes it: "MD5" of a body that was put at once,
/// or "MD5(MD5 of part 1, MD5 of part 2, …)-PARTS" of one that was uploaded in parts.
struct ContentEtag {
  std::string_view md5_hex;  ///< lower case
  std::uint32_t parts = 0;   ///< 0: put at once

  /// Nothing when `etag` has neither form.
  [[nodiscard]] static std::optional<ContentEtag> parse(std::string_view etag);
};

/// How the version token of an object begins that a power loss may have spoiled (docs:
/// `fsync=batch` of `file:`): its size, time and metadata prove nothing either.
inline constexpr std::string_view kDoubtful = "doubtful-";
[[nodiscard]] inline bool is_doubtful(std::string_view etag) { return etag.starts_with(kDoubtful); }

/// The token of an object made of parts with these MD5s (32 hex digits each).
/// Precondition: each is well-formed; nothing if one is not.
[[nodiscard]] std::optional<std::string> compose_etag(std::span<const std::string> part_md5s);

}  // namespace godwit
