#include "cli/service_client.h"

#include <utility>

#include "http/url.h"
#include "world/disk.h"

namespace godwit::cli {
namespace {

constexpr Bytes kMostAnswer = 64 * kMiB;
constexpr Bytes kMostToken = 64 * kKiB;

Code code_of(const std::string& name) {
  for (int i = 0; i <= static_cast<int>(Code::internal); ++i) {
    if (to_string(static_cast<Code>(i)) == name) return static_cast<Code>(i);
  }
  return Code::internal;
}

/// What a daemon said instead of an answer.
Error error_of(unsigned status, const std::string& text) {
  const auto json = ServiceClient::Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("error") || !json["error"].is_object()) {
    Error error(Code::corrupted, "HTTP " + std::to_string(status) + ", and no error of godwit");
    return std::move(error).with_hint("is that the API of a godwit daemon?");
  }
  const auto& told = json["error"];
  Error error(code_of(told.value("code", "")), told.value("message", ""));
  return std::move(error).with_hint(told.value("hint", ""));
}

Result<std::string> find_token(World& world, const std::string& file) {
  if (file.empty()) return world.environment("GODWIT_TOKEN").value_or("");
  GODWIT_TRY(std::string token, read_file(world.disk(), file, kMostToken));
  while (token.ends_with('\n') || token.ends_with('\r')) token.pop_back();
  return token;
}

}  // namespace

std::string group_path(const std::string& group, const std::string& rest) {
  return "/api/v1/groups/" + http::uri_encode(group, http::Slash::encode) + rest;
}

Result<ServiceClient> ServiceClient::make(Session& session, const ServiceOptions& options) {
  ServiceClient client(session, options.group);
  std::string api = options.api;
  if (api.empty()) api = session.world().environment("GODWIT_API").value_or("");
  if (api.empty()) api = "http://127.0.0.1:7070";
  GODWIT_TRY(client.url_, http::parse_url(api));
  if (client.url_.target == "/") client.url_.target.clear();
  const std::string& file = options.token_file;
  const bool absolute = file.empty() || file.starts_with('/');
  GODWIT_TRY(client.token_,
             find_token(session.world(),
                        absolute ? file : session.streams().working_directory + "/" + file));
  return client;
}

Task<http::Response> ServiceClient::send(const ServiceCall& call) {
  const std::string text = call.body.is_null() ? std::string() : call.body.dump();
  ViewBody body(as_bytes(text));
  http::Request request{.method = call.method,
                        .endpoint = url_.endpoint,
                        .target = url_.target + call.path,
                        .proxying = http::Proxying::never};
  if (!call.body.is_null()) {
    request.body = &body;
    request.body_size = text.size();
    request.headers.set("Content-Type", "application/json");
  }
  if (!token_.empty()) request.headers.set("Authorization", "Bearer " + token_);
  auto response = co_await session_->client().send(session_->context(), request);
  if (response) co_return response;
  if (response.error().code() == Code::unavailable) {
    co_return fail(std::move(response).error().with_hint(
        "does `godwit run` run there? --api names another place"));
  }
  co_return response;
}

Task<ServiceClient::Json> ServiceClient::call(const ServiceCall& call) {
  GODWIT_CO_TRY(http::Response response, co_await send(call));
  GODWIT_CO_TRY(const std::string text, co_await read_all(*response.body, kMostAnswer));
  if (response.status >= 300) co_return fail(error_of(response.status, text));
  if (text.empty()) co_return Json();
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) co_return fail(Code::corrupted, "the answer is not JSON");
  co_return json;
}

Task<ServiceClient::Json> ServiceClient::groups() {
  if (group_.empty()) {
    const ServiceCall all{.path = "/api/v1/groups"};
    GODWIT_CO_TRY(Json answer, co_await call(all));
    co_return std::move(answer["groups"]);
  }
  const ServiceCall one{.path = group_path(group_, "")};
  GODWIT_CO_TRY(Json answer, co_await call(one));
  Json list = Json::array();
  list.push_back(std::move(answer));
  co_return list;
}

Task<std::string> ServiceClient::group() {
  if (!group_.empty()) co_return group_;
  GODWIT_CO_TRY(const Json all, co_await groups());
  if (all.size() == 1) co_return all[0]["name"].get<std::string>();
  std::string names;
  for (const Json& each : all) {
    names += (names.empty() ? "" : ", ") + each["name"].get<std::string>();
  }
  co_return fail(Error(Code::invalid_argument, "which group? " + names).with_hint("--group NAME"));
}

Task<void> ServiceClient::follow(Followed followed,
                                 const std::function<bool(const std::string&)>& take) {
  std::string only = followed == Followed::no_writes ? "?writes=false" : "?writes=true";
  if (!group_.empty()) only += "&group=" + http::uri_encode(group_, http::Slash::encode);
  const ServiceCall events{.path = "/api/v1/events" + only};
  GODWIT_CO_TRY(http::Response response, co_await send(events));
  if (response.status >= 300) {
    GODWIT_CO_TRY(const std::string text, co_await read_all(*response.body, kMostAnswer));
    co_return fail(error_of(response.status, text));
  }
  std::string lines;
  std::string piece(16 * kKiB, '\0');
  for (;;) {
    const MutableByteSpan room = std::as_writable_bytes(std::span(piece));
    GODWIT_CO_TRY(const std::size_t count, co_await response.body->read(room));
    if (count == 0) co_return Result<void>();
    lines.append(piece, 0, count);
    for (std::size_t end = lines.find('\n'); end != std::string::npos; end = lines.find('\n')) {
      const std::string line = lines.substr(0, end);
      lines.erase(0, end + 1);
      if (line.starts_with("data: ") && !take(line.substr(6))) co_return Result<void>();
    }
  }
}

}  // namespace godwit::cli
