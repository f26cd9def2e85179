#include <cstdint>
#include <cstdlib>

#include "service/request.h"

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

/// A target is matched with every route or refused; a body has the fields of the route, or is
/// refused. The first line is the target, the rest the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace godwit::service;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(text.find('\n'), text.size());
  const std::string body = text.substr(std::min(line + 1, text.size()));
  (void)names_loopback(text);
  (void)parse_listen(text);
  const auto asked = parse_target(text.substr(0, line));
  for (const Route& route : routes()) {
    const auto fields = parse_fields(body, route.fields);
    if (fields) {
      must(fields->is_object());
      must(fields->size() <= route.fields.size());
    }
    if (!asked) continue;
    (void)check_query(asked->query, route.query);
    const auto names = match(route.path, asked->path);
    if (!names || !*names) continue;
    for (const auto& [name, value] : **names) must(!name.empty());
  }
  return 0;
}
