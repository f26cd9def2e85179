#include "service/dashboard.h"

#include <utility>

#include "service/api.h"

namespace godwit::service {
namespace {

constexpr const char* kPolicy =
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const char* type_of(std::string_view name) {
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (name.ends_with(".svg")) return "image/svg+xml";
  return "application/octet-stream";
}

/// Whether a list such as "br, gzip;q=0.5" has it; "q=0" refuses.
bool takes_gzip(std::string_view accepted) {
  const std::size_t at = accepted.find("gzip");
  if (at == std::string_view::npos) return false;
  const std::string_view rest = accepted.substr(at, accepted.find(',', at) - at);
  return rest.find("q=0") == std::string_view::npos || rest.find("q=0.") != std::string_view::npos;
}

Task<Reply> send_asset(Call& call, std::string_view name) {
  const Asset* asset = find_asset(name);
  if (asset == nullptr) {
    co_return fail(Error(Code::not_found, "the dashboard has no file '" + std::string(name) + "'")
                       .with_hint("it begins at /"));
  }
  http::Answer answer = answer_with(*asset, call.exchange.head().headers);
  answer.headers.set("X-Request-Id", call.id);
  Reply reply{.status = answer.status, .sent = true};
  GODWIT_CO_CHECK(co_await call.exchange.respond(std::move(answer)));
  co_return reply;
}

Task<Reply> page(Call& call) { co_return co_await send_asset(call, "index.html"); }

Task<Reply> file(Call& call) { co_return co_await send_asset(call, call.path["file"]); }

}  // namespace

const Asset* find_asset(std::string_view name) {
  const auto all = assets();
  const auto found = std::ranges::find(all, name, &Asset::name);
  return found == all.end() ? nullptr : &*found;
}

http::Answer answer_with(const Asset& asset, const http::Headers& asked) {
  http::Answer answer;
  answer.headers.set("Content-Security-Policy", kPolicy);
  answer.headers.set("X-Content-Type-Options", "nosniff");
  answer.headers.set("Referrer-Policy", "no-referrer");
  // It is asked for each time, and sent only where it is another: a daemon of another version never
  // meets the scripts of this one.
  answer.headers.set("Cache-Control", "no-cache");
  answer.headers.set("Vary", "Accept-Encoding");
  // Weak: it is the same one for both encodings.
  answer.headers.set("ETag", "W/" + std::string(asset.etag));
  if (asked.find("If-None-Match").value_or("").find(asset.etag) != std::string_view::npos) {
    answer.status = 304;
    return answer;
  }
  answer.headers.set("Content-Type", type_of(asset.name));
  const bool gzip = takes_gzip(asked.find("Accept-Encoding").value_or(""));
  if (gzip) answer.headers.set("Content-Encoding", "gzip");
  answer.body = gzip ? asset.gzip : asset.bytes;
  return answer;
}

std::vector<Route> dashboard_routes() {
  return {{.method = "GET",
           .path = "/",
           .access = Access::open,
           .work = page,
           .summary = "The dashboard"},
          {.method = "GET",
           .path = "/dashboard/{file}",
           .access = Access::open,
           .work = file,
           .summary = "A file of the dashboard"}};
}

}  // namespace godwit::service
