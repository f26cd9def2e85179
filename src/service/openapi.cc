#include "base/version.h"
#include "service/api.h"

namespace godwit::service {
namespace {

const char* name_of(Type type) {
  switch (type) {
    case Type::text: return "string";
    case Type::truth: return "boolean";
    case Type::count: return "integer";
  }
  return "";
}

/// OpenAPI knows no name that takes the rest of a path.
std::string plain_path(std::string path) {
  const std::size_t dots = path.find("...}");
  if (dots != std::string::npos) path.erase(dots, 3);
  return path;
}

Json parameters_of(const Route& route) {
  Json parameters = Json::array();
  for (std::size_t at = route.path.find('{'); at != std::string::npos;
       at = route.path.find('{', at + 1)) {
    std::string name = route.path.substr(at + 1, route.path.find('}', at) - at - 1);
    const bool rest = name.ends_with("...");
    if (rest) name.resize(name.size() - 3);
    parameters.push_back({{"name", name},
                          {"in", "path"},
                          {"required", true},
                          {"description", rest ? "all that follows; '/' may stay" : name},
                          {"schema", {{"type", "string"}}}});
  }
  for (const Argument& argument : route.query) {
    parameters.push_back({{"name", argument.name},
                          {"in", "query"},
                          {"required", argument.required},
                          {"description", argument.help},
                          {"schema", {{"type", name_of(argument.type)}}}});
  }
  return parameters;
}

Json body_of(const Route& route) {
  if (route.input == Input::bytes) {
    return {
        {"content",
         {{"application/octet-stream", {{"schema", {{"type", "string"}, {"format", "binary"}}}}}}}};
  }
  Json properties = Json::object();
  Json required = Json::array();
  for (const Argument& argument : route.fields) {
    properties[argument.name] = {{"type", name_of(argument.type)}, {"description", argument.help}};
    if (argument.required) required.push_back(argument.name);
  }
  Json schema{{"type", "object"}, {"additionalProperties", false}, {"properties", properties}};
  if (!required.empty()) schema["required"] = required;
  return {{"required", !required.empty()},
          {"content", {{"application/json", {{"schema", std::move(schema)}}}}}};
}

Json operation_of(const Route& route) {
  const char* role = route.access == Access::open   ? "Open to all."
                     : route.access == Access::read ? "Role: read."
                     : route.access == Access::hook ? "Role: operate, or the group's hook secret."
                                                    : "Role: operate.";
  Json operation{{"summary", route.summary}, {"description", role}};
  Json parameters = parameters_of(route);
  if (!parameters.empty()) operation["parameters"] = std::move(parameters);
  if (route.input != Input::nothing) operation["requestBody"] = body_of(route);
  if (route.access != Access::open) {
    operation["security"] = Json::array({{{"token", Json::array()}}});
  }
  operation["responses"] = {{"2XX", {{"description", "Done."}}},
                            {"default", {{"$ref", "#/components/responses/Error"}}}};
  return operation;
}

Json components() {
  const Json text{{"type", "string"}};
  const Json properties{
      {"code", text},
      {"message", text},
      {"hint", text},
      {"retry", {{"type", "boolean"}, {"description", "the same call may succeed later"}}},
      {"outcome",
       {{"type", "string"},
        {"enum", {"not_applied", "applied", "unknown"}},
        {"description", "whether the write took effect"}}}};
  const Json error{
      {"type", "object"},
      {"required", {"error", "request_id"}},
      {"properties",
       {{"error",
         {{"type", "object"}, {"required", {"code", "message"}}, {"properties", properties}}},
        {"request_id", text}}}};
  return {{"securitySchemes", {{"token", {{"type", "http"}, {"scheme", "bearer"}}}}},
          {"schemas", {{"Error", error}}},
          {"responses",
           {{"Error",
             {{"description", "What went wrong."},
              {"content",
               {{"application/json", {{"schema", {{"$ref", "#/components/schemas/Error"}}}}}}}}}}}};
}

}  // namespace

std::string openapi() {
  Json paths = Json::object();
  for (const Route& route : routes()) {
    std::string method = route.method;
    std::ranges::transform(method, method.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    paths[plain_path(route.path)][method] = operation_of(route);
  }
  const Json document{{"openapi", "3.0.3"},
                      {"info", {{"title", "godwit"}, {"version", kVersion}}},
                      {"paths", std::move(paths)},
                      {"components", components()}};
  return document.dump(2) + "\n";
}

}  // namespace godwit::service
