#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace godwit {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

/// One named value of a log line.
using LogField = std::pair<std::string_view, std::string>;

/// Where log lines go. The engine knows only this face; the program decides on format and place.
/// Thread-safety: `write` may be called from any thread.
class LogSink {
 public:
  virtual ~LogSink() = default;
  /// Cheap test, so that a line which nobody wants is never formatted.
  [[nodiscard]] virtual bool wants(LogLevel level) const = 0;
  virtual void write(LogLevel level, std::string_view message,
                     std::initializer_list<LogField> fields) = 0;
};

/// The sink that drops every line.
[[nodiscard]] LogSink& null_log();

}  // namespace godwit
