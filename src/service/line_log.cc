#include "service/line_log.h"

#include <cstdio>
#include <ctime>

#include "service/json.h"
#include "service/value.h"

namespace godwit::service {
namespace {

/// As it is where one can read it so, else quoted.
std::string quoted(const std::string& value) {
  const bool plain = std::ranges::all_of(value, [](unsigned char c) {
    return c > 0x20 && c < 0x7f && c != '"' && c != '=' && c != '\\';
  });
  return plain ? value : dump(Json(value));
}

}  // namespace

std::string timestamp(WallTime time) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch());
  const auto seconds = static_cast<std::time_t>(ms.count() / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char date[32];
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
  char text[48];
  const int size =
      std::snprintf(text, sizeof text, "%s.%03dZ", date, static_cast<int>(ms.count() % 1000));
  return {text, static_cast<std::size_t>(size)};
}

void LineLog::configure(const LogConfig& config) {
  level_ = config.level;
  format_ = config.format;
}

void LineLog::line(LogLevel level, std::string_view message, std::string_view group,
                   std::span<const LogField> fields) {
  if (!wants(level)) return;
  std::string text;
  const std::string at = timestamp(world_.wall_now());
  if (format_ == LogFormat::json) {
    Json json{{"at", at}, {"level", show_value(level)}, {"message", message}};
    if (!group.empty()) json["group"] = group;
    for (const auto& [name, value] : fields) {
      if (!value.empty()) json[std::string(name)] = value;
    }
    text = dump(json);
  } else {
    text = at + " " + show_value(level) + " " + std::string(message);
    if (!group.empty()) text += " group=" + quoted(std::string(group));
    for (const auto& [name, value] : fields) {
      if (!value.empty()) text += " " + std::string(name) + "=" + quoted(value);
    }
  }
  const std::lock_guard lock(mutex_);
  out_ << text << "\n";
  out_.flush();
}

}  // namespace godwit::service
