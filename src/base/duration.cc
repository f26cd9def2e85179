#include "base/duration.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>

namespace godwit {
namespace {

using namespace std::chrono_literals;

struct Unit {
  std::string_view name;
  double nanoseconds;
};

constexpr std::array<Unit, 7> kUnits = {{{"ns", 1e0},
                                         {"us", 1e3},
                                         {"ms", 1e6},
                                         {"s", 1e9},
                                         {"m", 60e9},
                                         {"h", 3600e9},
                                         {"d", 86400e9}}};
constexpr double kLongest = 100 * 365.25 * 86400e9;

std::optional<double> unit_of(std::string_view name) {
  for (const Unit& unit : kUnits) {
    if (unit.name == name) return unit.nanoseconds;
  }
  return std::nullopt;
}

std::unexpected<Error> not_a_duration(std::string_view text) {
  return fail(Error(Code::invalid_argument, "'" + std::string(text) + "' is not a duration")
                  .with_hint("write a number and a unit, such as 250ms, 30s, 5m, 1h30m, 7d"));
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  if (text == "0") return Duration::zero();
  if (text.empty()) return not_a_duration(text);
  double total = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    double number = 0;
    const char* end = rest.data() + rest.size();
    const auto [after, error] = std::from_chars(rest.data(), end, number, std::chars_format::fixed);
    if (error != std::errc() || number < 0) return not_a_duration(text);
    rest = std::string_view(after, end);
    const std::size_t length = std::min(rest.find_first_of("0123456789."), rest.size());
    const std::optional<double> unit = unit_of(rest.substr(0, length));
    if (!unit) return not_a_duration(text);
    total += number * *unit;
    rest.remove_prefix(length);
  }
  if (!(total <= kLongest)) return not_a_duration(text);
  return Duration(std::llround(total));
}

std::string format_duration(Duration duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  std::array<char, 32> text{};
  const auto print = [&text](const char* format, auto... values) {
    std::snprintf(text.data(), text.size(), format, values...);
    return std::string(text.data());
  };
  if (seconds < 0.9995) return print("%.0fms", seconds * 1e3);
  if (seconds < 59.95) return print("%.1fs", seconds);
  const long long whole = std::llround(seconds);
  if (whole < 3600) return print("%lldm %02llds", whole / 60, whole % 60);
  if (whole < 86400) return print("%lldh %02lldm", whole / 3600, whole % 3600 / 60);
  return print("%lldd %02lldh", whole / 86400, whole % 86400 / 3600);
}

}  // namespace godwit
