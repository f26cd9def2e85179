#include "service/api.h"

#include <utility>

#include "service/request.h"
#include "service/service.h"

namespace godwit::service {
namespace {

constexpr Bytes kMostJson = 64 * kKiB;
constexpr std::size_t kLongestId = 64;

/// The caller's own name for the request, where it is fit for a log.
std::string id_of(Service& service, const http::RequestHead& head) {
  const std::string_view given = head.headers.find("X-Request-Id").value_or("");
  const bool fit = !given.empty() && given.size() <= kLongestId &&
                   std::ranges::all_of(given, [](unsigned char c) {
                     return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
                   });
  return fit ? std::string(given) : service.new_request_id();
}

Reply refusal(unsigned status, const Error& error, const std::string& id) {
  Reply reply = error_reply(error, id);
  reply.status = status;
  return reply;
}

/// Where nobody needs a token, a page of others in a browser of this machine must not do.
bool is_foreign_page(const Service& service, const http::RequestHead& head) {
  const ApiConfig& api = service.config().api;
  if (!api.read_token.empty() || !api.operate_token.empty()) return false;
  const auto host = head.headers.find("Host");
  const auto origin = head.headers.find("Origin");
  return (host && !names_loopback(*host)) || (origin && !names_loopback(*origin));
}

struct Found {
  const Route* route = nullptr;
  std::map<std::string, std::string> path;
  std::string other_methods;  ///< of the path, where the method is none of them
};

Result<Found> find_route(const std::string& method, const std::string& path) {
  Found found;
  for (const Route& route : routes()) {
    GODWIT_TRY(auto names, match(route.path, path));
    if (!names) continue;
    if (route.method == method) {
      found.route = &route;
      found.path = *std::move(names);
      return found;
    }
    found.other_methods += (found.other_methods.empty() ? "" : ", ") + route.method;
  }
  return found;
}

enum class Hook : std::uint8_t { welcome, unknown, refused };

/// Whether a sender of webhooks shows the secret of the group that it calls.
Hook check_hook(Service& service, const http::RequestHead& head, const Found& found,
                const std::map<std::string, std::string>& query) {
  if (found.route->access != Access::hook) return Hook::unknown;
  const auto& groups = service.groups().all();
  const auto group = groups.find(found.path.at("group"));
  if (group == groups.end() || group->second.detect.hook_secret.empty()) return Hook::unknown;
  const std::string& secret = group->second.detect.hook_secret;
  for (const std::string& shown :
       shown_secrets(head.headers.find("Authorization").value_or(""), query)) {
    if (same_token(shown, secret)) return Hook::welcome;
  }
  // Without tokens this machine may do everything else, but this is asked for.
  const ApiConfig& api = service.config().api;
  const bool has_tokens = !api.read_token.empty() || !api.operate_token.empty();
  return has_tokens ? Hook::unknown : Hook::refused;
}

Reply no_token(const Route& route, const std::string& id) {
  const bool hook = route.access == Access::hook;
  Error error(Code::permission_denied, hook ? "the hook's secret is needed" : "a token is needed");
  Reply reply = refusal(401, std::move(error).with_hint("Authorization: Bearer TOKEN"), id);
  reply.headers.set("WWW-Authenticate", hook ? "Basic realm=\"godwit\"" : "Bearer");
  return reply;
}

std::optional<Reply> check_access(const Service& service, const http::RequestHead& head,
                                  const Route& route, const std::string& id) {
  if (is_foreign_page(service, head)) {
    Error error(Code::permission_denied, "not for pages of other hosts");
    return refusal(403, std::move(error).with_hint("ask for 127.0.0.1, or set a token"), id);
  }
  if (route.access == Access::open) return std::nullopt;
  const ApiConfig& api = service.config().api;
  const auto access =
      access_of(head.headers.find("Authorization").value_or(""), api.read_token, api.operate_token);
  if (!access) return no_token(route, id);
  if (*access == Access::operate || route.access == Access::read) return std::nullopt;
  return refusal(403, Error(Code::permission_denied, "this takes the operate token"), id);
}

/// Nobody is to be blind, or taken for dead, since somebody else calls too often.
bool is_never_limited(const Route& route) {
  return route.access == Access::open || route.path == "/metrics";
}

/// Who calls: his token's role, or his address.
std::string caller_of(const Service& service, const http::RequestHead& head) {
  const ApiConfig& api = service.config().api;
  if (api.read_token.empty() && api.operate_token.empty()) return head.peer;
  const auto access =
      access_of(head.headers.find("Authorization").value_or(""), api.read_token, api.operate_token);
  if (!access) return head.peer;
  return *access == Access::operate ? "the operate token" : "the read token";
}

/// Of a caller who may call, or was `denied`: too often is refused either way.
std::optional<Reply> check_rate(Service& service, const http::RequestHead& head, const Route& route,
                                const std::optional<Reply>& denied, const std::string& id) {
  if (is_never_limited(route)) return std::nullopt;
  const MonoTime now = service.world().mono_now();
  const bool wrong = denied && denied->status == 401;
  const auto pause = wrong ? service.wrong_tokens().take(head.peer, now)
                           : service.rate_limit().take(caller_of(service, head), now);
  if (!pause) return std::nullopt;
  Error error(Code::limit_exceeded, wrong ? "too many calls without a token that is known"
                                          : "more calls than api.rate_limit allows");
  return error_reply(std::move(error)
                         .with(Retry::later)
                         .with_retry_after(std::chrono::ceil<std::chrono::milliseconds>(*pause)),
                     id);
}

Task<Reply> work_of(Call& call, const Route& route) {
  GODWIT_CO_CHECK(check_query(call.query, route.query));
  if (route.input == Input::json) {
    const auto body = co_await call.exchange.read_body(kMostJson);
    if (!body) co_return std::unexpected(body.error());
    GODWIT_CO_TRY(call.body, parse_fields(*body, route.fields));
  }
  co_return co_await route.work(call);
}

asio::awaitable<Reply> reply_to(Service& service, http::Exchange& exchange, const std::string& id) {
  const http::RequestHead& head = exchange.head();
  auto asked = parse_target(head.target);
  if (!asked) co_return error_reply(asked.error(), id);
  auto found = find_route(head.method, asked->path);
  if (!found) co_return error_reply(found.error(), id);
  if (found->route == nullptr && found->other_methods.empty()) {
    Error error(Code::not_found, "there is nothing at " + asked->path);
    co_return error_reply(std::move(error).with_hint("see /api/v1/openapi.json"), id);
  }
  if (found->route == nullptr) {
    Reply reply = refusal(
        405, Error(Code::invalid_argument, asked->path + " does not know " + head.method), id);
    reply.headers.set("Allow", found->other_methods);
    co_return reply;
  }
  const Hook hook = check_hook(service, head, *found, asked->query);
  if (hook == Hook::refused) co_return no_token(*found->route, id);
  auto denied = check_access(service, head, *found->route, id);
  if (hook == Hook::welcome) denied.reset();
  if (auto limited = check_rate(service, head, *found->route, denied, id)) {
    co_return *std::move(limited);
  }
  if (denied) co_return *std::move(denied);
  Call call{.service = service,
            .exchange = exchange,
            .id = id,
            .path = std::move(found->path),
            .query = std::move(asked->query)};
  Result<Reply> reply = co_await work_of(call, *found->route);
  if (reply) co_return *std::move(reply);
  Reply failed = error_reply(reply.error(), id);
  // A body that is too large, not a limit that passes with time.
  if (reply.error().code() == Code::limit_exceeded && reply.error().retry() == Retry::never) {
    failed.status = 413;
  }
  co_return failed;
}

/// A request that was answered.
struct Answered {
  const std::string& id;
  const Reply& reply;
  const http::RequestHead& head;
  Duration took;
};

/// One that lasts as long as its client likes is not slow.
bool is_slow(const Service& service, const Answered& answered) {
  const Duration most = service.config().log.slow;
  return most > Duration::zero() && answered.took > most && !answered.reply.follows;
}

/// The message of an answer that is an error. A job that has failed is told with its error, and is
/// none.
std::string error_of(const Reply& reply) {
  if (!reply.body.is_object()) return "";
  const auto error = reply.body.find("error");
  return error != reply.body.end() && error->is_object() ? error->value("message", "") : "";
}

void log_request(Service& service, const Answered& answered) {
  const Reply& reply = answered.reply;
  const std::string error = error_of(reply);
  // Not ready yet is an answer.
  const bool failed = reply.status >= 500 && !error.empty();
  const bool slow = is_slow(service, answered);
  const LogLevel level = failed || slow ? LogLevel::warning : LogLevel::debug;
  if (!service.log().wants(level)) return;
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(answered.took).count();
  const std::array fields{LogField{"request_id", answered.id},
                          LogField{"peer", answered.head.peer},
                          LogField{"method", answered.head.method},
                          LogField{"target", without_secret(answered.head.target)},
                          LogField{"status", std::to_string(reply.status)},
                          LogField{"ms", std::to_string(ms)},
                          LogField{"error", error}};
  service.log().line(level, slow ? "slow request" : "request", {}, fields);
}

}  // namespace

unsigned status_of(Code code) {
  switch (code) {
    case Code::invalid_argument: return 400;
    case Code::not_found: return 404;
    case Code::precondition_failed: return 409;
    case Code::limit_exceeded: return 429;
    case Code::unsupported: return 501;
    // Of a store, not of the caller: those are told before.
    case Code::permission_denied:
    case Code::corrupted: return 502;
    case Code::throttled:
    case Code::cancelled:
    case Code::unavailable: return 503;
    case Code::timed_out: return 504;
    case Code::no_space: return 507;
    case Code::internal: return 500;
  }
  return 500;
}

Json error_json(const Error& error, const std::string& request_id) {
  Json detail{{"code", to_string(error.code())},
              {"message", error.message()},
              {"retry", error.retry() == Retry::later},
              {"outcome", to_string(error.outcome())}};
  if (!error.hint().empty()) detail["hint"] = error.hint();
  const Where& where = error.where();
  if (!where.region.empty()) detail["region"] = where.region;
  if (!where.store.empty()) detail["store"] = where.store;
  if (!where.operation.empty()) detail["operation"] = where.operation;
  if (!where.key.empty()) detail["key"] = where.key;
  return {{"error", std::move(detail)}, {"request_id", request_id}};
}

Reply error_reply(const Error& error, const std::string& request_id) {
  Reply reply{.status = status_of(error.code()), .body = error_json(error, request_id)};
  if (const auto pause = error.retry_after()) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*pause).count();
    reply.headers.set("Retry-After", std::to_string(std::max<long>(seconds, 1)));
  }
  return reply;
}

asio::awaitable<void> serve(Service& service, http::Exchange& exchange) {
  const MonoTime began = service.world().mono_now();
  const http::RequestHead& head = exchange.head();
  const std::string id = id_of(service, head);
  Reply reply = co_await reply_to(service, exchange, id);
  if (!reply.sent && !exchange.answered()) {
    http::Answer answer{.status = reply.status, .headers = std::move(reply.headers)};
    answer.headers.set("X-Request-Id", id);
    answer.headers.set("Content-Type", "application/json");
    if (reply.status != 204) answer.body = dump(reply.body) + "\n";
    (void)co_await exchange.respond(std::move(answer));
  }
  log_request(service,
              {.id = id, .reply = reply, .head = head, .took = service.world().mono_now() - began});
}

const std::vector<Route>& routes() {
  static const std::vector<Route> all = [] {
    std::vector<Route> made;
    for (auto&& some :
         {system_routes(), group_routes(), target_routes(), letter_routes(), object_routes(),
          job_routes(), doctor_routes(), dashboard_routes(), hook_routes()}) {
      made.insert(made.end(), some.begin(), some.end());
    }
    return made;
  }();
  return all;
}

}  // namespace godwit::service
