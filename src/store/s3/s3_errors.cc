#include "store/s3/s3_errors.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "store/s3/s3_xml.h"

namespace godwit::s3 {
namespace {

constexpr std::chrono::seconds kLongestPause{60};

struct Row {
  std::string_view code;
  Code ours;
  std::string_view hint;
};

constexpr std::array<Row, 37> kCodes = {{
    {"NoSuchKey", Code::not_found, ""},
    {"NoSuchBucket", Code::not_found, "make the bucket first, or check its name and endpoint"},
    {"NoSuchUpload", Code::not_found, ""},
    {"AccessDenied", Code::permission_denied, "these credentials may not do this"},
    {"AllAccessDisabled", Code::permission_denied, ""},
    {"SignatureDoesNotMatch", Code::permission_denied, "check the secret key and the region"},
    {"InvalidAccessKeyId", Code::permission_denied, "check the access key and the endpoint"},
    {"ExpiredToken", Code::permission_denied, "the session has expired: renew the credentials"},
    {"InvalidToken", Code::permission_denied, "renew the credentials"},
    {"RequestTimeTooSkewed", Code::permission_denied, "set this machine's clock"},
    {"AuthorizationHeaderMalformed", Code::permission_denied, "check the region"},
    {"PermanentRedirect", Code::invalid_argument,
     "name the bucket's region and endpoint in the URL"},
    {"TemporaryRedirect", Code::unavailable, "name the bucket's region and endpoint in the URL"},
    {"IllegalLocationConstraintException", Code::invalid_argument, "check the region"},
    {"PreconditionFailed", Code::precondition_failed, ""},
    {"ConditionalRequestConflict", Code::precondition_failed, ""},
    {"OperationAborted", Code::throttled, ""},
    {"BucketAlreadyExists", Code::precondition_failed, ""},
    {"BucketAlreadyOwnedByYou", Code::precondition_failed, ""},
    {"BucketNotEmpty", Code::precondition_failed, ""},
    {"SlowDown", Code::throttled, ""},
    {"TooManyRequests", Code::throttled, ""},
    {"RequestLimitExceeded", Code::throttled, ""},
    {"InternalError", Code::unavailable, ""},
    {"ServiceUnavailable", Code::unavailable, ""},
    {"RequestTimeout", Code::unavailable, ""},
    {"BadDigest", Code::corrupted, ""},
    {"InvalidDigest", Code::corrupted, ""},
    {"IncompleteBody", Code::unavailable, ""},
    {"XAmzContentSHA256Mismatch", Code::corrupted, ""},
    {"QuotaExceeded", Code::no_space, "the bucket or user has reached its quota"},
    {"EntityTooLarge", Code::invalid_argument, "larger than the service takes"},
    {"EntityTooSmall", Code::invalid_argument, "a part is smaller than the service takes"},
    {"KeyTooLongError", Code::invalid_argument, "a key has at most 1024 bytes"},
    {"InvalidRange", Code::invalid_argument, ""},
    {"NotImplemented", Code::unsupported, ""},
    {"MethodNotAllowed", Code::unsupported, ""},
}};

Code code_of_status(unsigned status) {
  switch (status) {
    case 401:
    case 403: return Code::permission_denied;
    case 404: return Code::not_found;
    case 405:
    case 501: return Code::unsupported;
    case 408:
    case 500:
    case 502:
    case 504: return Code::unavailable;
    case 409:
    case 412: return Code::precondition_failed;
    case 429:
    case 503: return Code::throttled;
    case 507: return Code::no_space;
    default: return Code::invalid_argument;
  }
}

/// Seconds, or a moment by the server's own clock. A service that is mistaken, or wants to be rid
/// of us, must not stop a run for hours.
std::optional<std::chrono::milliseconds> retry_after(const http::Headers& headers) {
  const auto value = headers.find("Retry-After");
  if (!value) return std::nullopt;
  std::chrono::seconds pause{};
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), seconds);
  if (error == std::errc() && end == value->data() + value->size()) {
    pause = std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, kLongestPause.count()));
  } else {
    const auto until = parse_http_date(*value);
    const auto now = parse_http_date(headers.find("Date").value_or(""));
    if (!until || !now) return std::nullopt;
    pause = std::chrono::duration_cast<std::chrono::seconds>(*until - *now);
  }
  return std::clamp(pause, std::chrono::seconds(0), kLongestPause);
}

}  // namespace

Error no_etag() {
  return Error(Code::corrupted, "the service's answer to a copy has no ETag")
      .with(Outcome::unknown);
}

Error to_error(const Refusal& refusal, const http::Headers& headers) {
  const auto row = std::ranges::find(kCodes, refusal.code, &Row::code);
  const Code code = row != kCodes.end() ? row->ours : code_of_status(refusal.status);
  std::string message = refusal.code.empty() ? "the service answered " : refusal.code;
  if (refusal.code.empty()) message += std::to_string(refusal.status);
  if (refusal.code.empty() && refusal.status == 404) message = "there is no such object";
  if (!refusal.message.empty()) message += ": " + refusal.message;
  // By which the service's people find it in their logs.
  if (const auto id = headers.find("x-amz-request-id")) message += " [" + std::string(*id) + "]";
  Error error(code, std::move(message));
  if (row != kCodes.end() && !row->hint.empty()) {
    error = std::move(error).with_hint(std::string(row->hint));
  }
  if (const auto pause = retry_after(headers)) error = std::move(error).with_retry_after(*pause);
  // A server error may have struck after the change was made.
  if (refusal.status >= 500 && code == Code::unavailable) {
    error = std::move(error).with(Outcome::unknown);
  }
  if (code == Code::corrupted) error = std::move(error).with(Retry::later);
  return error;
}

}  // namespace godwit::s3
