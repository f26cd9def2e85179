#include "store/s3/s3_metadata_service.h"

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <nlohmann/json.hpp>
#include <utility>

#include "store/s3/s3_profile.h"
#include "store/s3/s3_xml.h"
#include "world/disk.h"

namespace godwit::s3 {
namespace {

using namespace std::chrono_literals;

constexpr Duration kMetadataTimeout = 2s;
constexpr Bytes kLargestAnswer = 64 * kKiB;
constexpr const char* kContainerHost = "http://169.254.170.2";
constexpr const char* kInstanceHost = "http://169.254.169.254";
constexpr const char* kRolePath = "/latest/meta-data/iam/security-credentials/";
/// Of ECS and EKS: they are on the machine itself.
constexpr std::array<std::string_view, 3> kLocalServices = {"169.254.170.2", "169.254.170.23",
                                                            "fd00:ec2::23"};

Task<std::string> fetch(const Context& context, http::Transport& transport,
                        http::Request& request) {
  const Context limited = context.with_timeout(kMetadataTimeout);
  GODWIT_CO_TRY(http::Response response, co_await transport.send(limited, request));
  GODWIT_CO_TRY(std::string body, co_await read_all(*response.body, kLargestAnswer));
  if (response.status == 200) co_return body;
  co_return fail(Code::permission_denied, "the credentials service at " +
                                              request.endpoint.to_string() + " answered " +
                                              std::to_string(response.status));
}

Result<http::Request> request_to(const std::string& method, const std::string& url) {
  GODWIT_TRY(http::Url parsed, http::parse_url(url));
  http::Request request;
  request.method = method;
  request.endpoint = std::move(parsed.endpoint);
  request.target = std::move(parsed.target);
  // A proxy would give the keys of its own machine, or learn ours.
  request.proxying = http::Proxying::never;
  return request;
}

/// Empty where the field is absent or no string.
std::string text_of(const nlohmann::json& object, const char* name) {
  if (!object.is_object()) return {};
  const auto field = object.find(name);
  return field != object.end() && field->is_string() ? field->get<std::string>() : std::string();
}

bool stays_here(const std::string& host) {
  if (host == "localhost" || std::ranges::find(kLocalServices, host) != kLocalServices.end()) {
    return true;
  }
  boost::system::error_code no_address;
  const auto address = asio::ip::make_address(host, no_address);
  return !no_address && address.is_loopback();
}

Result<http::Request> container_request(const std::string& uri) {
  auto request = request_to("GET", uri);
  if (!request) {
    return fail(std::move(request).error().because_of("AWS_CONTAINER_CREDENTIALS_FULL_URI"));
  }
  const http::Endpoint& endpoint = request->endpoint;
  if (endpoint.scheme == http::Scheme::https || stays_here(endpoint.host)) return request;
  return fail(Error(Code::invalid_argument,
                    "AWS_CONTAINER_CREDENTIALS_FULL_URI: over plain http, keys are fetched from "
                    "this machine only, not from '" +
                        endpoint.host + "'")
                  .with_hint("use https, or a loopback address"));
}

/// The token that the container's service wants, from the file that may change, or as it is.
Task<std::string> container_token(World& world) {
  const auto path = world.environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  if (!path) co_return world.environment("AWS_CONTAINER_AUTHORIZATION_TOKEN").value_or("");
  auto read = [&disk = world.disk(), path = *path] {
    return read_file_if_there(disk, path, kLargestFile);
  };
  GODWIT_CO_TRY(const std::optional<std::string> text,
                co_await run_blocking(world, std::move(read)));
  if (text) co_return std::string(trim(*text));
  co_return fail(Code::invalid_argument,
                 "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: there is no " + *path);
}

}  // namespace

Result<TemporaryKeys> parse_keys(std::string_view json) {
  const auto answer = nlohmann::json::parse(json, nullptr, false);
  TemporaryKeys found;
  found.keys = {text_of(answer, "AccessKeyId"), text_of(answer, "SecretAccessKey"),
                text_of(answer, "Token")};
  if (found.keys.access_key.empty() || found.keys.secret_key.empty()) {
    return fail(Code::permission_denied, "the credentials service answered without keys");
  }
  const std::string expiration = text_of(answer, "Expiration");
  if (expiration.empty()) return found;
  const auto when = parse_timestamp(expiration);
  if (!when) {
    return fail(Code::permission_denied, "the credentials service answered with keys until '" +
                                             expiration + "', which is no time");
  }
  found.expires = *when;
  return found;
}

Task<std::optional<TemporaryKeys>> keys_of_container(const Context& context,
                                                     http::Transport& transport) {
  World& world = context.world();
  const auto relative = world.environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const auto full = world.environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (!relative && !full) co_return std::nullopt;
  GODWIT_CO_TRY(http::Request request,
                container_request(relative ? kContainerHost + *relative : *full));
  GODWIT_CO_TRY(std::string token, co_await container_token(world));
  if (!token.empty()) request.headers.add("Authorization", std::move(token));
  GODWIT_CO_TRY(const std::string body, co_await fetch(context, transport, request));
  GODWIT_CO_TRY(TemporaryKeys keys, parse_keys(body));
  co_return keys;
}

// A token first. A machine that has no such service is no error: it has no keys there.
Task<std::optional<TemporaryKeys>> keys_of_instance(const Context& context,
                                                    http::Transport& transport) {
  World& world = context.world();
  if (world.environment("AWS_EC2_METADATA_DISABLED") == "true") co_return std::nullopt;
  const std::string host =
      world.environment("AWS_EC2_METADATA_SERVICE_ENDPOINT").value_or(kInstanceHost);
  GODWIT_CO_TRY(http::Request ask, request_to("PUT", host + "/latest/api/token"));
  ask.headers.add("X-aws-ec2-metadata-token-ttl-seconds", "21600");
  const Result<std::string> token = co_await fetch(context, transport, ask);
  GODWIT_CO_CHECK(context.check());
  if (!token) co_return std::nullopt;
  GODWIT_CO_TRY(http::Request list, request_to("GET", host + kRolePath));
  list.headers.add("X-aws-ec2-metadata-token", *token);
  const Result<std::string> role = co_await fetch(context, transport, list);
  GODWIT_CO_CHECK(context.check());
  if (!role) co_return std::nullopt;
  const std::string name(trim(role->substr(0, role->find('\n'))));
  GODWIT_CO_TRY(http::Request get, request_to("GET", host + kRolePath + name));
  get.headers.add("X-aws-ec2-metadata-token", *token);
  GODWIT_CO_TRY(const std::string body, co_await fetch(context, transport, get));
  GODWIT_CO_TRY(TemporaryKeys keys, parse_keys(body));
  co_return keys;
}

}  // namespace godwit::s3
