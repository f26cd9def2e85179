#include "store/s3/s3_client.h"

#include <utility>

#include "http/url.h"
#include "store/s3/s3_chunked_body.h"
#include "store/s3/s3_errors.h"
#include "store/s3/s3_xml.h"

namespace godwit::s3 {
namespace {

constexpr std::size_t kLongestKey = 1024;
constexpr Bytes kLargestErrorBody = 64 * kKiB;
/// Bodies over this ask first, so that a refusal does not cost their transfer.
constexpr Bytes kAskFirst = kMiB;
/// Of one call: for a clock, a region, a host and keys that were wrong, and not for ever.
constexpr int kMostTries = 5;
/// AWS refuses what is off by 15 minutes, others less.
constexpr Duration kLeastSkew = std::chrono::minutes(4);
/// What the service itself calls a skew is corrected from here on; its dates are whole seconds.
constexpr Duration kLeastToldSkew = std::chrono::seconds(2);
constexpr const char* kChunkedSize = "x-amz-decoded-content-length";

/// Knows whether it has given bytes away: if not, it need not be rewound to be sent again.
class WatchedBody final : public Body {
 public:
  explicit WatchedBody(Body* inner) : inner_(inner) {}
  Task<std::size_t> read(MutableByteSpan into) override {
    touched_ = true;
    return inner_->read(into);
  }
  Result<void> rewind() override {
    if (inner_ != nullptr && touched_) GODWIT_CHECK(inner_->rewind());
    touched_ = false;
    return {};
  }

 private:
  Body* inner_;
  bool touched_ = false;
};

Task<std::string> error_body(http::Response& response) {
  co_return co_await read_all(*response.body, kLargestErrorBody);
}

Refusal refusal_of(unsigned status, const std::string& body) {
  return {.status = status, .code = find_text(body, "Code"), .message = find_text(body, "Message")};
}

bool is_redirect(unsigned status) { return status == 301 || status == 307 || status == 308; }

}  // namespace

std::string payload_hash(std::string_view body) { return to_hex(sha256(as_bytes(body))); }

Client::Client(World& world, http::Transport& transport, Config config, const StoreSpec& spec)
    : world_(world),
      transport_(transport),
      config_(std::move(config)),
      credentials_(world, transport, config_, spec),
      signer_(config_.region, "s3"),
      route_(config_) {}

Where Client::place(const Call& call) const {
  return {.region = config_.region,
          .store = config_.url,
          .operation = call.operation,
          .key = call.key == nullptr ? std::string() : *call.key};
}

/// Reading changes nothing, however it ends.
Error Client::failed(const Call& call, Error error) const {
  const std::string_view method = call.method;
  if (method == "GET" || method == "HEAD") error = std::move(error).with(Outcome::not_applied);
  return std::move(error).at(place(call));
}

Result<void> Client::check_key(const Call& call) const {
  Result<void> checked = godwit::check_key(*call.key);
  if (checked && config_.prefix.size() + call.key->size() > kLongestKey) {
    checked = fail(Code::invalid_argument, "a key has at most 1024 bytes, its prefix included");
  }
  if (!checked) return fail(std::move(checked).error().at(place(call)));
  return checked;
}

std::string Client::copy_source(const std::string& key) const {
  return "/" + config_.bucket + "/" + http::uri_encode(config_.prefix + key, http::Slash::keep);
}

Task<http::Credentials> Client::keys(const Context& context) {
  if (const http::Credentials* ready = credentials_.ready()) co_return *ready;
  co_return co_await credentials_.get(context);
}

/// What x-amz-content-sha256 says.
std::string Client::payload_of(const Attempt& attempt, const Call& call) const {
  static const std::string kEmpty = payload_hash("");
  if (!call.body_hash.empty()) return call.body_hash;
  if (call.body == nullptr) return kEmpty;
  const bool sums = config_.checksum != ChecksumKind::none;
  // Trailing headers without a signature are taken over TLS only.
  const bool open = attempt.route.endpoint().scheme == http::Scheme::http;
  const bool chunk_signed = config_.payload == Payload::signed_bytes || (sums && open);
  if (call.body_size == 0) return std::string(chunk_signed ? kEmpty : http::kUnsignedPayload);
  if (chunk_signed && !attempt.keys.anonymous()) {
    return std::string(sums ? http::kSignedChunksTrailer : http::kSignedChunks);
  }
  return std::string(sums ? http::kUnsignedChunksTrailer : http::kUnsignedPayload);
}

http::Request Client::make_request(const Attempt& attempt, const Call& call) const {
  http::Request request;
  request.method = call.method;
  request.endpoint = attempt.route.endpoint();
  request.headers = call.headers;
  request.target = attempt.route.path_of(call.key);
  if (!call.query.empty()) request.target += "?" + call.query;
  if (call.body_size > kAskFirst) request.expect = http::Expect::continue_100;
  request.tls = &config_.tls;
  request.lane = call.body == nullptr ? call.lane : http::Lane::second;
  if (config_.requester_pays == Support::yes) {
    request.headers.add("x-amz-request-payer", "requester");
  }
  return request;
}

Client::Signed Client::sign(const Attempt& attempt, const Call& call, Body* body) {
  Signed made{make_request(attempt, call), nullptr};
  http::Headers& headers = made.request.headers;
  const std::string payload = payload_of(attempt, call);
  const bool chunked = payload.starts_with("STREAMING-");
  const bool sums =
      call.body != nullptr && call.body_hash.empty() && config_.checksum != ChecksumKind::none;
  const std::string sum_header(checksum_header(config_.checksum));
  if (chunked) headers.add(kChunkedSize, std::to_string(call.body_size));
  if (chunked && sums) headers.add("x-amz-trailer", sum_header);
  // Of no bytes, the sum is known before.
  if (!chunked && sums) headers.add(sum_header, Checksum(config_.checksum).text());
  if (!attempt.keys.anonymous() || chunked) headers.add("x-amz-content-sha256", payload);
  ChunkOptions chunks{.signer = {}, .checksum = config_.checksum};
  if (!attempt.keys.anonymous()) chunks.signer = authorize(attempt, call, payload, made.request);
  made.request.body = body;
  made.request.body_size = call.body_size;
  if (!chunked) return made;
  made.chunks = make_chunked_body(*body, call.body_size, chunks);
  made.request.body = made.chunks.get();
  made.request.body_size = chunked_size(call.body_size, chunks);
  return made;
}

/// Adds the signature. Yields what signs the chunks, if `payload` says that there are such.
std::optional<http::ChunkSigner> Client::authorize(const Attempt& attempt, const Call& call,
                                                   std::string_view payload,
                                                   http::Request& request) {
  const WallTime time = world_.wall_now() + attempt.clock_offset;
  request.headers.add("x-amz-date", http::amz_date(time));
  if (!attempt.keys.session_token.empty()) {
    request.headers.add("x-amz-security-token", attempt.keys.session_token);
  }
  std::vector<std::pair<std::string_view, std::string_view>> headers;
  headers.emplace_back("host", attempt.route.authority());
  for (const auto& [name, value] : request.headers.fields()) headers.emplace_back(name, value);
  const http::SigningInput input{
      .method = request.method,
      .path = std::string_view(request.target).substr(0, request.target.find('?')),
      .query = call.query,
      .headers = headers,
      .payload_hash = payload,
      .time = time};
  std::string authorization = signer_.authorization(attempt.keys, input);
  std::optional<http::ChunkSigner> chunks;
  if (payload.starts_with(http::kSignedChunks)) {
    chunks = signer_.chunks(attempt.keys, time, authorization);
  }
  request.headers.add("Authorization", std::move(authorization));
  return chunks;
}

/// Takes over what this or another call has learned.
void Client::refresh(Attempt& attempt) const {
  attempt.clock_offset = clock_offset_;
  attempt.route = attempt.route.in_region(attempt.region, signer_.region());
  attempt.region = signer_.region();
}

Client::Again Client::learn_time(const Attempt& attempt, const http::Response& response,
                                 Duration least) {
  // Another call may have learned it meanwhile.
  if (clock_offset_ != attempt.clock_offset) return Again::yes;
  const auto date = response.headers.find("Date");
  const auto theirs = date ? parse_http_date(*date) : std::nullopt;
  if (!theirs) return Again::no;
  const Duration offset = *theirs - world_.wall_now();
  if (std::chrono::abs(offset - clock_offset_) < least) return Again::no;
  clock_offset_ = offset;
  return Again::yes;
}

Client::Again Client::learn_region(const Attempt& attempt, const std::string& region) {
  if (region.empty() || region == attempt.region) return Again::no;
  if (region == signer_.region()) return Again::yes;
  // AWS answers each region at an endpoint of its own.
  route_ = route_.in_region(signer_.region(), region);
  signer_ = http::Signer(region, "s3");
  config_.region = region;
  return Again::yes;
}

Client::Again Client::learn_place(Attempt& attempt, const Call& call,
                                  const http::Response& response, const std::string& body) {
  std::optional<Route> route;
  if (const auto location = response.headers.find("Location")) {
    const auto url = http::parse_url(*location);
    if (url) route = attempt.route.redirected(*url, call.key);
  } else if (const std::string host = find_text(body, "Endpoint"); !host.empty()) {
    route = attempt.route.redirected(host);
  }
  if (!route || *route == attempt.route) return Again::no;
  attempt.route = *route;
  if (response.status != 307) route_ = *route;
  return Again::yes;
}

Client::Again Client::learn(Attempt& attempt, const Call& call, const http::Response& response,
                            const std::string& body) {
  const std::string code = find_text(body, "Code");
  // A HEAD that is refused says nothing but what is in its headers.
  const bool mute = body.empty();
  if (code == "RequestTimeTooSkewed") return learn_time(attempt, response, kLeastToldSkew);
  if (mute && response.status == 403) return learn_time(attempt, response, kLeastSkew);
  if (code == "ExpiredToken" || code == "TokenRefreshRequired") {
    return credentials_.expire(attempt.keys) ? Again::yes : Again::no;
  }
  const bool elsewhere = is_redirect(response.status);
  const bool malformed = code == "AuthorizationHeaderMalformed" || (mute && response.status == 400);
  if (!elsewhere && !malformed) return Again::no;
  const auto header = response.headers.find("x-amz-bucket-region");
  const Again region =
      learn_region(attempt, header ? std::string(*header) : find_text(body, "Region"));
  const Again place = elsewhere ? learn_place(attempt, call, response, body) : Again::no;
  return region == Again::yes ? region : place;
}

Task<http::Response> Client::send(const Context& context, Call& call) {
  WatchedBody body(call.body);
  Attempt attempt{route_, signer_.region(), clock_offset_, {}};
  for (int tries = 1;; ++tries) {
    refresh(attempt);
    Result<http::Credentials> found = co_await keys(context);
    if (!found) co_return fail(std::move(found).error().at(place(call)));
    attempt.keys = *std::move(found);
    Signed made = sign(attempt, call, call.body == nullptr ? nullptr : &body);
    Result<http::Response> response = co_await transport_.send(context, made.request);
    if (!response) co_return fail(failed(call, std::move(response).error()));
    if (response->status < 300) co_return response;
    const std::string said = (co_await error_body(*response)).value_or("");
    const bool again = tries < kMostTries && learn(attempt, call, *response, said) == Again::yes &&
                       body.rewind().has_value();
    if (again) continue;
    Error error = to_error(refusal_of(response->status, said), response->headers);
    // What stands in the way may be what the first sending has made.
    if (response->repeated) error = std::move(error).with(Outcome::unknown);
    co_return fail(failed(call, std::move(error)));
  }
}

Task<std::string> Client::send_for_text(const Context& context, Call& call) {
  GODWIT_CO_TRY(http::Response response, co_await send(context, call));
  Result<std::string> body = co_await read_all(*response.body, kLargestAnswer);
  if (!body) co_return fail(std::move(body).error().at(place(call)));
  // Some calls begin their answer before they know how it ends.
  if (body->find("<Error>") != std::string::npos && root_name(*body) == "Error") {
    Error error = to_error(refusal_of(500, *body), response.headers);
    co_return fail(std::move(error).at(place(call)));
  }
  co_return body;
}

}  // namespace godwit::s3
