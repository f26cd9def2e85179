#include <cstdint>
#include <cstdlib>

#include "store/s3/s3_xml.h"

namespace {

/// A time is of the year that was written, or none.
void check(const std::optional<godwit::WallTime>& time, std::string_view year) {
  if (!time) return;
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(*time));
  // The 31st of a shorter month and a leap second may reach into the next day.
  const int told = std::atoi(std::string(year).c_str());
  const int off = static_cast<int>(date.year()) - told;
  if (off != 0 && off != 1) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace godwit::s3;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(parse_timestamp(text), text.substr(0, 4));
  check(parse_http_date(text), size < 16 ? text : text.substr(12, 4));
  return 0;
}
