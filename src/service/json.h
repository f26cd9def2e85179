#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace godwit::service {

using Json = nlohmann::ordered_json;

/// In one line. Keys and messages may hold bytes that are no UTF-8.
[[nodiscard]] inline std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace godwit::service
