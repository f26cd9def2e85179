#pragma once

#include <string>

#include "base/duration.h"
#include "cli/output.h"
#include "cli/service_view.h"

// Fields of a daemon's answers; those that are not there are empty.
namespace godwit::cli {

[[nodiscard]] inline std::string text_of(const ServiceJson& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? printable(found->get<std::string>()) : "";
}

[[nodiscard]] inline double number_of(const ServiceJson& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_number() ? found->get<double>() : 0;
}

[[nodiscard]] inline std::uint64_t count_of(const ServiceJson& json, const char* name) {
  return static_cast<std::uint64_t>(number_of(json, name));
}

[[nodiscard]] inline std::string shown(std::uint64_t count) { return std::to_string(count); }

[[nodiscard]] inline std::string duration_of(const ServiceJson& json, const char* name) {
  const double ms = number_of(json, name);
  if (ms <= 0) return "0";
  return format_duration(
      std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(ms)));
}

[[nodiscard]] inline const ServiceJson& list_of(const ServiceJson& json, const char* name) {
  static const ServiceJson none = ServiceJson::array();
  const auto found = json.find(name);
  return found == json.end() || !found->is_array() ? none : *found;
}

}  // namespace godwit::cli
