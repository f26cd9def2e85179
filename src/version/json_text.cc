#include "version/json_text.h"

#include <nlohmann/json.hpp>

namespace godwit {

Result<nlohmann::json> parse_json(std::string_view text) {
  using Json = nlohmann::json;
  bool too_deep = false;
  // The parser itself needs no stack for depth; what it skips is never built.
  const auto keep = [&too_deep](int depth, Json::parse_event_t, Json&) {
    too_deep = too_deep || depth > kDeepestJson;
    return depth <= kDeepestJson;
  };
  Json json = Json::parse(text, keep, false);
  if (too_deep) {
    return fail(Code::invalid_argument,
                "JSON that is nested more than " + std::to_string(kDeepestJson) + " deep");
  }
  if (json.is_discarded()) return fail(Code::invalid_argument, "not JSON");
  return json;
}

}  // namespace godwit
