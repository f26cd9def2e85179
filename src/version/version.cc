#include "version/version.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace godwit {
namespace {

constexpr std::size_t kEpochDigits = 8;
constexpr std::size_t kTimeDigits = 16;
constexpr std::size_t kLongestRegion = 64;

std::unexpected<Error> no_version(std::string_view text) {
  return fail(Code::invalid_argument, "'" + std::string(text) + "' is not a version");
}

/// All of `text`, in lower-case hexadecimal.
template <class T>
bool read_hex(std::string_view text, T& value) {
  const bool lower = std::ranges::none_of(text, [](char c) { return c >= 'A' && c <= 'F'; });
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return lower && error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::string Version::to_text() const {
  std::array<char, 32> numbers{};
  std::snprintf(numbers.data(), numbers.size(), "%08x-%016llx-", epoch,
                static_cast<unsigned long long>(time.value));
  return numbers.data() + region;
}

Result<Version> Version::parse(std::string_view text) {
  constexpr std::size_t kTime = kEpochDigits + 1;
  constexpr std::size_t kRegion = kTime + kTimeDigits + 1;
  if (text.size() < kRegion || text[kEpochDigits] != '-' || text[kRegion - 1] != '-') {
    return no_version(text);
  }
  Version version;
  const bool read = read_hex(text.substr(0, kEpochDigits), version.epoch) &&
                    read_hex(text.substr(kTime, kTimeDigits), version.time.value);
  version.region = text.substr(kRegion);
  if (!read || (!version.region.empty() && !check_region(version.region))) {
    return no_version(text);
  }
  return version;
}

Result<void> check_region(std::string_view region) {
  const bool legal = std::ranges::all_of(region, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
  if (legal && !region.empty() && region.size() <= kLongestRegion) return {};
  return fail(Error(Code::invalid_argument, "'" + std::string(region) + "' is not a region's name")
                  .with_hint("1 to 64 of a-z, 0-9, '-', '_' and '.'"));
}

Version derived_version(WallTime modified) {
  return {.epoch = 0, .time = HybridTime::at(modified), .region = {}};
}

}  // namespace godwit
