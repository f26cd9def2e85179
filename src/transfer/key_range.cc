#include "transfer/key_range.h"

#include <algorithm>
#include <cstdint>

namespace godwit::transfer {
namespace {

// Keys are read as fractions in base 95, a digit for each printable character.
constexpr unsigned kFirst = 0x20;
constexpr unsigned kBase = 95;
constexpr std::size_t kDigits = 9;  // 95^9 < 2^63

enum class Beyond { zeros, nines };

std::uint64_t digits_of(std::string_view text, Beyond beyond) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < kDigits; ++i) {
    unsigned digit = beyond == Beyond::zeros ? 0 : kBase - 1;
    if (i < text.size()) {
      const unsigned byte =
          std::clamp<unsigned>(static_cast<unsigned char>(text[i]), kFirst, kFirst + kBase - 1);
      digit = byte - kFirst;
    }
    value = value * kBase + digit;
  }
  return value;
}

std::string text_of(std::uint64_t value) {
  std::string text(kDigits, ' ');
  for (std::size_t i = kDigits; i-- > 0;) {
    text[i] = static_cast<char>(kFirst + value % kBase);
    value /= kBase;
  }
  return text;
}

bool between(std::string_view low, std::string_view key, std::string_view high) {
  return low < key && (high.empty() || key < high);
}

}  // namespace

std::optional<std::string> key_between(std::string_view low, std::string_view high) {
  std::size_t shared = 0;
  if (!high.empty()) {
    const auto differ = std::ranges::mismatch(low, high);
    shared = static_cast<std::size_t>(differ.in1 - low.begin());
  }
  const std::uint64_t from = digits_of(low.substr(shared), Beyond::zeros);
  const std::uint64_t to =
      high.empty() ? digits_of("", Beyond::nines) : digits_of(high.substr(shared), Beyond::zeros);
  if (to <= from + 1) return std::nullopt;
  const std::string middle = text_of(from + (to - from) / 2);
  // The shortest form that still lies between reads best and splits most evenly.
  for (std::size_t length = 1; length <= kDigits; ++length) {
    std::string key(low.substr(0, shared));
    key += middle.substr(0, length);
    if (between(low, key, high)) return key;
  }
  return std::nullopt;
}

}  // namespace godwit::transfer
