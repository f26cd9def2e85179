#include "base/bytes.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>

namespace godwit {
namespace {

struct Unit {
  std::string_view name;  // lower case
  Bytes factor;
};

constexpr Bytes kKb = 1000;
constexpr std::array<Unit, 14> kUnits = {{
    {"", 1},
    {"b", 1},
    {"k", kKiB},
    {"kib", kKiB},
    {"kb", kKb},
    {"m", kMiB},
    {"mib", kMiB},
    {"mb", kKb* kKb},
    {"g", kGiB},
    {"gib", kGiB},
    {"gb", kKb* kKb* kKb},
    {"t", kTiB},
    {"tib", kTiB},
    {"tb", kKb* kKb* kKb* kKb},
}};

std::unexpected<Error> not_a_size(std::string_view text) {
  return fail(Error(Code::invalid_argument, "'" + std::string(text) + "' is not a size")
                  .with_hint("write a number and a unit, such as 512, 64KiB, 8MiB, 1.5GiB, 100MB"));
}

}  // namespace

Result<Bytes> parse_bytes(std::string_view text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (error != std::errc() || number < 0 || !std::isfinite(number)) return not_a_size(text);
  std::string unit(rest, end);
  std::erase(unit, ' ');
  std::ranges::transform(unit, unit.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto found = std::ranges::find(kUnits, unit, &Unit::name);
  if (found == kUnits.end()) return not_a_size(text);
  const double bytes = number * static_cast<double>(found->factor);
  if (bytes >= static_cast<double>(std::numeric_limits<std::int64_t>::max())) {
    return not_a_size(text);
  }
  return static_cast<Bytes>(std::llround(bytes));
}

std::string format_bytes(Bytes bytes) {
  static constexpr std::array<const char*, 6> kNames = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < kNames.size()) {
    value /= 1024;
    ++unit;
  }
  const bool whole = unit == 0 || value >= 100 || value == std::floor(value);
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.*f %s", whole ? 0 : (value >= 10 ? 1 : 2), value,
                kNames[unit]);
  return text.data();
}

}  // namespace godwit
