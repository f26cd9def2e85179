#include "store/etag.h"

#include <algorithm>
#include <charconv>

namespace godwit {
namespace {

constexpr std::size_t kMd5Digits = 32;
constexpr std::uint32_t kMostParts = 10'000;

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

int hex_value(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

bool is_md5(std::string_view text) {
  return text.size() == kMd5Digits && std::ranges::all_of(text, is_hex);
}

}  // namespace

std::optional<ContentEtag> ContentEtag::parse(std::string_view etag) {
  const std::string_view md5_hex = etag.substr(0, kMd5Digits);
  if (!is_md5(md5_hex)) return std::nullopt;
  if (etag.size() == kMd5Digits) return ContentEtag{md5_hex, 0};
  if (etag[kMd5Digits] != '-') return std::nullopt;
  const std::string_view count = etag.substr(kMd5Digits + 1);
  std::uint32_t parts = 0;
  const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), parts);
  const bool whole = error == std::errc() && end == count.data() + count.size();
  if (!whole || parts == 0 || parts > kMostParts) return std::nullopt;
  return ContentEtag{md5_hex, parts};
}

std::optional<std::string> compose_etag(std::span<const std::string> part_md5s) {
  Md5 all;
  for (const std::string& hex : part_md5s) {
    if (!is_md5(hex)) return std::nullopt;
    Md5Digest digest{};
    for (std::size_t i = 0; i < digest.size(); ++i) {
      digest[i] = static_cast<std::byte>(hex_value(hex[2 * i]) * 16 + hex_value(hex[2 * i + 1]));
    }
    all.update(digest);
  }
  return to_hex(all.finish()) + "-" + std::to_string(part_md5s.size());
}

}  // namespace godwit
