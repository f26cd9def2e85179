#include "transfer/bandwidth.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace godwit::transfer {
namespace {

using namespace std::chrono_literals;

/// How often a sleeping stream looks whether the timetable has moved on.
constexpr Duration kLongestNap = 1s;
/// What may be sent ahead after a quiet time.
constexpr Duration kBurst = 100ms;

std::unexpected<Error> bad_timetable(std::string_view text) {
  return fail(Error(Code::invalid_argument, "'" + std::string(text) + "' is not a bandwidth limit")
                  .with_hint("write '10MiB' (a second), 'off', or a timetable such as "
                             "'08:00,1MiB 18:30,10MiB 23:00,off'"));
}

std::optional<Duration> parse_time_of_day(std::string_view text) {
  unsigned hours = 0;
  unsigned minutes = 0;
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto h = std::from_chars(text.data(), text.data() + 2, hours);
  const auto m = std::from_chars(text.data() + 3, text.data() + 5, minutes);
  if (h.ptr != text.data() + 2 || m.ptr != text.data() + 5) return std::nullopt;
  if (hours > 23 || minutes > 59) return std::nullopt;
  return std::chrono::hours(hours) + std::chrono::minutes(minutes);
}

Result<std::optional<Bytes>> parse_limit(std::string_view text) {
  if (text == "off") return std::nullopt;
  GODWIT_TRY(const Bytes limit, parse_bytes(text));
  if (limit == 0) return fail(Code::invalid_argument, "a bandwidth of 0 would never end");
  return limit;
}

}  // namespace

Result<BandwidthTimetable> BandwidthTimetable::parse(std::string_view text) {
  BandwidthTimetable table;
  if (text.find(',') == std::string_view::npos) {
    const auto limit = parse_limit(text);
    if (!limit) return bad_timetable(text);
    if (*limit) table.entries_.push_back({Duration::zero(), *limit});
    return table;
  }
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view item = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    if (item.empty()) continue;
    const std::size_t comma = item.find(',');
    if (comma == std::string_view::npos) return bad_timetable(text);
    const auto from = parse_time_of_day(item.substr(0, comma));
    const auto limit = parse_limit(item.substr(comma + 1));
    if (!from || !limit) return bad_timetable(text);
    table.entries_.push_back({*from, *limit});
  }
  std::ranges::sort(table.entries_, {}, &Entry::from);
  const auto twin = std::ranges::adjacent_find(table.entries_, {}, &Entry::from);
  if (twin != table.entries_.end()) return bad_timetable(text);
  return table;
}

std::optional<Bytes> BandwidthTimetable::at(WallTime now) const {
  if (entries_.empty()) return std::nullopt;
  const Duration of_day = now - std::chrono::floor<std::chrono::days>(now);
  const auto next = std::ranges::upper_bound(entries_, of_day, {}, &Entry::from);
  return next == entries_.begin() ? entries_.back().limit : std::prev(next)->limit;
}

BandwidthLimiter::BandwidthLimiter(World& world, BandwidthTimetable timetable)
    : world_(world), timetable_(std::move(timetable)) {}

Task<void> BandwidthLimiter::take(const Context& context, Bytes bytes) {
  const std::optional<Bytes> limit = timetable_.at(world_.wall_now());
  if (!limit) co_return Result<void>();
  const double seconds = static_cast<double>(bytes) / static_cast<double>(*limit);
  const auto cost = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  free_at_ = std::max(free_at_, world_.mono_now() - kBurst) + cost;
  const MonoTime mine = free_at_;
  while (world_.mono_now() < mine) {
    GODWIT_CO_CHECK(co_await context.sleep(std::min(mine - world_.mono_now(), kLongestNap)));
    if (!timetable_.at(world_.wall_now())) break;
  }
  co_return Result<void>();
}

}  // namespace godwit::transfer
