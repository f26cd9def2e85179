#include "store/s3/s3_client.h"

#include <utility>

#include "http/url.h"
#include "store/s3/s3_errors.h"
#include "store/s3/s3_xml.h"

namespace godwit::s3 {
namespace {

constexpr Bytes kLargestErrorBody = 64 * kKiB;
/// Bodies over this ask first, so that a refusal does not cost their transfer.
constexpr Bytes kAskFirst = kMiB;
constexpr int kMostTries = 3;

Task<std::string> error_body(http::Response& response) {
  co_return co_await read_all(*response.body, kLargestErrorBody);
}

Refusal refusal_of(unsigned status, const std::string& body) {
  return {.status = status, .code = find_text(body, "Code"), .message = find_text(body, "Message")};
}

}  // namespace

std::string payload_hash(std::string_view body) { return to_hex(sha256(as_bytes(body))); }

Client::Client(World& world, http::Transport& transport, Config config, const StoreSpec& spec)
    : world_(world),
      transport_(transport),
      config_(std::move(config)),
      credentials_(world, transport, config_, spec),
      signer_(config_.region, "s3"),
      endpoint_(config_.endpoint) {
  path_prefix_ = "/" + http::uri_encode(config_.prefix, http::Slash::keep);
  if (config_.addressing == Addressing::path) {
    path_prefix_ = "/" + config_.bucket + path_prefix_;
  } else {
    endpoint_.host = config_.bucket + "." + endpoint_.host;
  }
  authority_ = endpoint_.authority();
}

Where Client::place(const Call& call) const {
  return {.region = config_.region,
          .store = config_.url,
          .operation = call.operation,
          .key = call.key == nullptr ? std::string() : *call.key};
}

std::string Client::copy_source(const std::string& key) const {
  return "/" + config_.bucket + "/" + http::uri_encode(config_.prefix + key, http::Slash::keep);
}

std::string Client::path_of(const Call& call) const {
  if (call.key == nullptr) {
    return config_.addressing == Addressing::path ? "/" + config_.bucket : "/";
  }
  return path_prefix_ + http::uri_encode(*call.key, http::Slash::keep);
}

http::Request Client::sign(const http::Credentials& credentials, const Call& call) {
  http::Request request;
  request.method = call.method;
  request.endpoint = endpoint_;
  request.headers = call.headers;
  request.body = call.body;
  request.body_size = call.body_size;
  if (call.body_size > kAskFirst) request.expect = http::Expect::continue_100;
  const std::string path = path_of(call);
  request.target = call.query.empty() ? path : path + "?" + call.query;
  if (credentials.anonymous()) return request;
  const WallTime time = world_.wall_now() + clock_offset_;
  request.headers.add("x-amz-date", http::amz_date(time));
  request.headers.add("x-amz-content-sha256", call.payload_hash);
  if (!credentials.session_token.empty()) {
    request.headers.add("x-amz-security-token", credentials.session_token);
  }
  std::vector<std::pair<std::string_view, std::string_view>> headers;
  headers.emplace_back("host", authority_);
  for (const auto& [name, value] : request.headers.fields()) headers.emplace_back(name, value);
  const http::SigningInput input{.method = request.method,
                                 .path = path,
                                 .query = call.query,
                                 .headers = headers,
                                 .payload_hash = call.payload_hash,
                                 .time = time};
  std::string authorization = signer_.authorization(credentials, input);
  request.headers.add("Authorization", std::move(authorization));
  return request;
}

Client::Again Client::learn(const http::Response& response, const std::string& body) {
  const std::string code = find_text(body, "Code");
  if (code == "RequestTimeTooSkewed") {
    const auto date = response.headers.find("Date");
    const auto theirs = date ? parse_http_date(*date) : std::nullopt;
    if (!theirs) return Again::no;
    clock_offset_ = *theirs - world_.wall_now();
    return Again::yes;
  }
  const auto header = response.headers.find("x-amz-bucket-region");
  const std::string region = header ? std::string(*header) : find_text(body, "Region");
  const bool elsewhere =
      response.status == 301 || response.status == 307 || code == "AuthorizationHeaderMalformed";
  if (!elsewhere || region.empty() || region == signer_.region()) return Again::no;
  signer_ = http::Signer(region, "s3");
  // AWS answers each region at an endpoint of its own.
  const std::size_t at = endpoint_.host.find("s3." + config_.region + ".");
  if (at != std::string::npos) endpoint_.host.replace(at + 3, config_.region.size(), region);
  authority_ = endpoint_.authority();
  config_.region = region;
  return Again::yes;
}

Task<http::Response> Client::send(const Context& context, Call& call) {
  for (int tries = 1;; ++tries) {
    const http::Credentials* keys = credentials_.ready();
    http::Credentials fetched;
    if (keys == nullptr) {
      Result<http::Credentials> found = co_await credentials_.get(context);
      if (!found) co_return fail(std::move(found).error().at(place(call)));
      fetched = *std::move(found);
      keys = &fetched;
    }
    http::Request request = sign(*keys, call);
    Result<http::Response> response = co_await transport_.send(context, request);
    if (!response) co_return fail(std::move(response).error().at(place(call)));
    if (response->status < 300) co_return response;
    const std::string body = (co_await error_body(*response)).value_or("");
    const bool rewound = call.body == nullptr || call.body->rewind().has_value();
    if (learn(*response, body) == Again::yes && rewound && tries < kMostTries) continue;
    Error error = to_error(refusal_of(response->status, body), response->headers);
    co_return fail(std::move(error).at(place(call)));
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
