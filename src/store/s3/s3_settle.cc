#include "store/s3/s3_settle.h"

#include <utility>

#include "store/s3/s3_headers.h"
#include "store/s3/s3_xml.h"

namespace godwit::s3 {
namespace {

/// Last-Modified tells whole seconds, and nodes of a service differ a little.
constexpr Duration kTolerance = std::chrono::seconds(2);

/// How long ago the object was written when the service answered, by the service's clock.
std::optional<Duration> age_of(const http::Headers& headers) {
  const auto now = parse_http_date(headers.find("Date").value_or(""));
  const auto then = parse_http_date(headers.find("Last-Modified").value_or(""));
  if (!now || !then) return std::nullopt;
  return *now - *then;
}

}  // namespace

Task<PutResult> settle(Client& client, const Context& context, const std::string& key,
                       const Expected& expected, Error error) {
  if (expected.etag.empty() || !context.check()) co_return fail(std::move(error));
  Call call;
  call.operation = "head";
  call.method = "HEAD";
  call.key = &key;
  // What is left of the put's body may hold a connection.
  call.lane = http::Lane::second;
  const Result<http::Response> response = co_await client.send(context, call);
  if (!response) co_return fail(std::move(error));
  std::string etag = unquote(response->headers.find("ETag").value_or(""));
  bool proven = etag == expected.etag;
  if (expected.since) {
    const auto age = age_of(response->headers);
    const Duration elapsed = context.world().mono_now() - *expected.since;
    proven = proven && age && *age <= elapsed + kTolerance;
  }
  if (!proven) co_return fail(std::move(error));
  co_return PutResult{std::move(etag)};
}

Task<std::size_t> Md5Body::read(MutableByteSpan into) {
  GODWIT_CO_TRY(const std::size_t count, co_await inner_.read(into));
  md5_.update(into.first(count));
  co_return count;
}

Result<void> Md5Body::rewind() {
  GODWIT_CHECK(inner_.rewind());
  md5_ = Md5();
  return {};
}

}  // namespace godwit::s3
