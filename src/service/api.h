#pragma once

#include <map>
#include <string>
#include <vector>

#include "http/server.h"
#include "service/json.h"
#include "world/task.h"

namespace godwit::service {

class Service;

/// What is answered.
struct Reply {
  unsigned status = 200;
  Json body;
  http::Headers headers;
  bool sent = false;     ///< the handler has answered itself
  bool follows = false;  ///< it lasted as long as the client liked
};

/// One request, when its path, role and arguments are known to be right.
struct Call {
  Service& service;
  http::Exchange& exchange;
  std::string id;                            ///< of the request, in logs and errors
  std::map<std::string, std::string> path;   ///< what stands for {NAME}
  std::map<std::string, std::string> query;  ///< decoded; only names that the route has
  Json body;                                 ///< an object with fields that the route has

  [[nodiscard]] std::string argument(const std::string& name) const {
    const auto found = query.find(name);
    return found == query.end() ? std::string() : found->second;
  }
};

enum class Access : std::uint8_t {
  open,
  read,
  operate,
  hook  ///< the group's hook secret, or as `operate`
};

enum class Type : std::uint8_t { text, truth, count };

/// An argument of a route: of the query, or of the JSON body.
struct Argument {
  std::string name;
  Type type = Type::text;
  bool required = false;
  std::string help;
};

/// What a route takes as its body.
enum class Input : std::uint8_t {
  nothing,
  json,  ///< the `fields`
  bytes  ///< the handler reads it
};

using Work = Task<Reply> (*)(Call&);

/// One operation: what is served, checked, and written in the OpenAPI document.
struct Route {
  std::string method;
  std::string path;  ///< "/api/v1/groups/{group}"; "{key...}" takes all that follows
  Access access = Access::read;
  Work work = nullptr;
  std::string summary;
  std::vector<Argument> query;
  Input input = Input::nothing;
  std::vector<Argument> fields;
};

/// All of them.
[[nodiscard]] const std::vector<Route>& routes();

/// OpenAPI 3.0 of all routes, indented.
[[nodiscard]] std::string openapi();

/// The status that an error of the engine has.
[[nodiscard]] unsigned status_of(Code code);
/// The one shape of errors: {"error":{"code","message",...},"request_id"}.
[[nodiscard]] Json error_json(const Error& error, const std::string& request_id);
[[nodiscard]] Reply error_reply(const Error& error, const std::string& request_id);

/// Answers one request: finds its route, checks role and arguments, does it, logs it.
[[nodiscard]] asio::awaitable<void> serve(Service& service, http::Exchange& exchange);

// The routes by what they are about.
[[nodiscard]] std::vector<Route> system_routes();
[[nodiscard]] std::vector<Route> group_routes();
[[nodiscard]] std::vector<Route> target_routes();
[[nodiscard]] std::vector<Route> letter_routes();
[[nodiscard]] std::vector<Route> object_routes();
[[nodiscard]] std::vector<Route> job_routes();
[[nodiscard]] std::vector<Route> doctor_routes();
[[nodiscard]] std::vector<Route> dashboard_routes();
[[nodiscard]] std::vector<Route> hook_routes();

}  // namespace godwit::service
