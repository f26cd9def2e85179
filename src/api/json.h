#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "godwit/units.h"

namespace godwit::api {

using Json = nlohmann::ordered_json;

[[nodiscard]] inline double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

/// In one line. Keys and messages may hold bytes that are no UTF-8.
[[nodiscard]] inline std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace godwit::api
