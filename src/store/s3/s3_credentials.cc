#include "store/s3/s3_credentials.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "store/s3/s3_xml.h"
#include "world/disk.h"

namespace godwit::s3 {
namespace {

using namespace std::chrono_literals;

constexpr Duration kRefreshBefore = 5min;
constexpr Duration kMetadataTimeout = 2s;
constexpr Bytes kLargestFile = kMiB;
constexpr Bytes kLargestAnswer = 64 * kKiB;
constexpr const char* kContainerHost = "http://169.254.170.2";
constexpr const char* kInstanceHost = "http://169.254.169.254";
constexpr const char* kRolePath = "/latest/meta-data/iam/security-credentials/";

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

Result<std::optional<std::string>> read_text(Disk& disk, const std::string& path) {
  const auto file = disk.open(path, OpenMode::read);
  if (!file && file.error().code() == Code::not_found) return std::nullopt;
  if (!file) return fail(Error(file.error()));
  GODWIT_TRY(const FileStat stat, (*file)->stat());
  if (stat.size > kLargestFile) return fail(Code::invalid_argument, path + " is over 1 MiB");
  std::string text(stat.size, '\0');
  GODWIT_TRY(const std::size_t count, (*file)->read_at(0, std::as_writable_bytes(std::span(text))));
  text.resize(count);
  return text;
}

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
  return request;
}

/// Empty where the field is absent or no string.
std::string text_of(const nlohmann::json& object, const char* name) {
  if (!object.is_object()) return {};
  const auto field = object.find(name);
  return field != object.end() && field->is_string() ? field->get<std::string>() : std::string();
}

}  // namespace

Result<std::optional<http::Credentials>> parse_credentials(std::string_view text,
                                                           const std::string& profile) {
  http::Credentials found;
  bool inside = false;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::string_view line = trim(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(text.size(), text.find('\n') == std::string_view::npos
                                                 ? text.size()
                                                 : text.find('\n') + 1));
    ++number;
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      if (line.back() != ']') {
        return fail(Code::invalid_argument, "line " + std::to_string(number) + ": '[' without ']'");
      }
      std::string_view section = trim(line.substr(1, line.size() - 2));
      if (section.starts_with("profile ")) section = trim(section.substr(8));
      inside = section == profile;
      continue;
    }
    const std::size_t equals = line.find('=');
    if (!inside || equals == std::string_view::npos) continue;
    const std::string_view name = trim(line.substr(0, equals));
    const std::string value(trim(line.substr(equals + 1)));
    if (name == "aws_access_key_id") found.access_key = value;
    if (name == "aws_secret_access_key") found.secret_key = value;
    if (name == "aws_session_token") found.session_token = value;
  }
  if (found.access_key.empty() || found.secret_key.empty()) return std::nullopt;
  return found;
}

CredentialsProvider::CredentialsProvider(World& world, http::Transport& transport,
                                         const Config& config, const StoreSpec& spec)
    : world_(world), transport_(transport), signing_(config.signing), profile_(config.profile) {
  const OptionReader options(spec, option_table());
  const auto secret = [&options](const char* name) {
    const std::string* value = options.secret(name);
    return value == nullptr ? std::string() : *value;
  };
  given_ = {secret("access_key"), secret("secret_key"), secret("session_token")};
}

const http::Credentials* CredentialsProvider::ready() const {
  const bool valid = current_ && world_.wall_now() < expires_;
  return valid ? &*current_ : nullptr;
}

Task<http::Credentials> CredentialsProvider::get(const Context& context) {
  if (const http::Credentials* keys = ready()) co_return *keys;
  GODWIT_CO_TRY(http::Credentials found, co_await find(context));
  current_ = found;
  co_return found;
}

Task<http::Credentials> CredentialsProvider::find(const Context& context) {
  if (signing_ == Signing::anonymous) co_return http::Credentials{};
  if (!given_.anonymous()) co_return given_;
  if (auto keys = from_environment()) co_return *std::move(keys);
  GODWIT_CO_TRY(std::optional<http::Credentials> keys, co_await from_files());
  if (keys) co_return *std::move(keys);
  GODWIT_CO_TRY(keys, co_await from_container(context));
  if (keys) co_return *std::move(keys);
  GODWIT_CO_TRY(keys, co_await from_instance(context));
  if (keys) co_return *std::move(keys);
  co_return fail(
      Error(Code::permission_denied, "no credentials were found for profile '" + profile_ + "'")
          .with_hint("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write "
                     "~/.aws/credentials, or name keys in godwit.toml"));
}

std::optional<http::Credentials> CredentialsProvider::from_environment() const {
  const auto access_key = world_.environment("AWS_ACCESS_KEY_ID");
  const auto secret_key = world_.environment("AWS_SECRET_ACCESS_KEY");
  if (!access_key || !secret_key || access_key->empty()) return std::nullopt;
  return http::Credentials{*access_key, *secret_key,
                           world_.environment("AWS_SESSION_TOKEN").value_or("")};
}

Task<std::optional<http::Credentials>> CredentialsProvider::from_files() {
  const std::string home = world_.environment("HOME").value_or("");
  const std::string paths[] = {
      world_.environment("AWS_SHARED_CREDENTIALS_FILE").value_or(home + "/.aws/credentials"),
      world_.environment("AWS_CONFIG_FILE").value_or(home + "/.aws/config")};
  for (const std::string& path : paths) {
    auto read = [&disk = world_.disk(), path] { return read_text(disk, path); };
    GODWIT_CO_TRY(const std::optional<std::string> text,
                  co_await run_blocking(world_, std::move(read)));
    if (!text) continue;
    Result<std::optional<http::Credentials>> keys = parse_credentials(*text, profile_);
    if (!keys) co_return fail(std::move(keys).error().because_of(path));
    if (*keys) co_return *std::move(keys);
  }
  co_return std::nullopt;
}

Result<http::Credentials> CredentialsProvider::read_answer(const std::string& json) {
  const auto answer = nlohmann::json::parse(json, nullptr, false);
  http::Credentials keys;
  keys.access_key = text_of(answer, "AccessKeyId");
  keys.secret_key = text_of(answer, "SecretAccessKey");
  keys.session_token = text_of(answer, "Token");
  if (keys.access_key.empty() || keys.secret_key.empty()) {
    return fail(Code::permission_denied, "the credentials service answered without keys");
  }
  const auto when = parse_timestamp(text_of(answer, "Expiration"));
  expires_ = when ? *when - kRefreshBefore : WallTime::max();
  return keys;
}

Task<std::optional<http::Credentials>> CredentialsProvider::from_container(const Context& context) {
  const auto relative = world_.environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const auto full = world_.environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (!relative && !full) co_return std::nullopt;
  GODWIT_CO_TRY(http::Request request,
                request_to("GET", relative ? kContainerHost + *relative : *full));
  if (const auto token = world_.environment("AWS_CONTAINER_AUTHORIZATION_TOKEN")) {
    request.headers.add("Authorization", *token);
  }
  GODWIT_CO_TRY(const std::string body, co_await fetch(context, transport_, request));
  GODWIT_CO_TRY(http::Credentials keys, read_answer(body));
  co_return keys;
}

// Version 2 of the instance metadata service: a token first. A machine that has no such service
// is no error: it has no keys there.
Task<std::optional<http::Credentials>> CredentialsProvider::from_instance(const Context& context) {
  if (world_.environment("AWS_EC2_METADATA_DISABLED") == "true") co_return std::nullopt;
  const std::string host =
      world_.environment("AWS_EC2_METADATA_SERVICE_ENDPOINT").value_or(kInstanceHost);
  GODWIT_CO_TRY(http::Request ask, request_to("PUT", host + "/latest/api/token"));
  ask.headers.add("X-aws-ec2-metadata-token-ttl-seconds", "21600");
  const Result<std::string> token = co_await fetch(context, transport_, ask);
  GODWIT_CO_CHECK(context.check());
  if (!token) co_return std::nullopt;
  GODWIT_CO_TRY(http::Request list, request_to("GET", host + kRolePath));
  list.headers.add("X-aws-ec2-metadata-token", *token);
  const Result<std::string> role = co_await fetch(context, transport_, list);
  GODWIT_CO_CHECK(context.check());
  if (!role) co_return std::nullopt;
  const std::string name(trim(role->substr(0, role->find('\n'))));
  GODWIT_CO_TRY(http::Request get, request_to("GET", host + kRolePath + name));
  get.headers.add("X-aws-ec2-metadata-token", *token);
  GODWIT_CO_TRY(const std::string body, co_await fetch(context, transport_, get));
  GODWIT_CO_TRY(http::Credentials keys, read_answer(body));
  co_return keys;
}

}  // namespace godwit::s3
