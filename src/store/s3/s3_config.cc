#include "store/s3/s3_config.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

#include "store/s3/s3_profile.h"

namespace godwit::s3 {
namespace {

constexpr const char* kDefaultRegion = "us-east-1";

Result<void> check_bucket(const std::string& bucket) {
  const bool legal = std::ranges::all_of(bucket, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_' || c == ':';
  });
  if (legal && bucket.size() >= 3 && bucket.size() <= 255) return {};
  return fail(Error(Code::invalid_argument, "'" + bucket + "' is not a bucket name")
                  .with_hint("3 to 63 lower-case letters, digits, '-' and '.'"));
}

/// What the environment says, by the first of these names that is set.
std::optional<std::string> first_set(World& world, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (auto value = world.environment(name); value && !value->empty()) return value;
  }
  return std::nullopt;
}

std::optional<std::string> first_of(const Settings& settings,
                                    std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto found = settings.find(name);
    if (found != settings.end() && !found->second.empty()) return found->second;
  }
  return std::nullopt;
}

void read_profile_name(World& world, const OptionReader& options, Config& config) {
  const auto named = options.text("profile");
  const auto by_environment = first_set(world, {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"});
  config.profile = named ? *named : by_environment.value_or("default");
  config.profile_from = named            ? ProfileFrom::option
                        : by_environment ? ProfileFrom::environment
                                         : ProfileFrom::fallback;
}

/// Region and endpoint that nobody named in the URL.
struct Defaults {
  std::optional<std::string> region;
  std::optional<std::string> endpoint;
};

Result<Defaults> read_defaults(World& world, const OptionReader& options, const Config& config) {
  Defaults found;
  found.region = options.text("region");
  if (!found.region) found.region = first_set(world, {"AWS_REGION", "AWS_DEFAULT_REGION"});
  found.endpoint = options.text("endpoint");
  const bool ignored = world.environment("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") == "true";
  if (!found.endpoint && !ignored) {
    found.endpoint = first_set(world, {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"});
  }
  if (found.region && (found.endpoint || ignored)) return found;
  GODWIT_TRY(const auto profile, load_profile(world, config.profile));
  const Settings settings = profile.value_or(Settings());
  if (!found.region) found.region = first_of(settings, {"region"});
  if (!found.endpoint && !ignored) {
    found.endpoint = first_of(settings, {"services.s3.endpoint_url", "endpoint_url"});
  }
  return found;
}

bool is_address(const std::string& host) {
  boost::system::error_code error;
  (void)asio::ip::make_address(host, error);
  return !error || host == "localhost";
}

Result<void> read_endpoint(const OptionReader& options, const std::optional<std::string>& named,
                           Config& config) {
  const std::string text = named.value_or("https://s3." + config.region + ".amazonaws.com");
  const Result<http::Url> url = http::parse_url(text);
  if (!url) return fail(Error(url.error()).because_of("the endpoint"));
  if (url->target != "/") {
    return fail(Code::invalid_argument, "the endpoint '" + text + "' must have no path");
  }
  config.endpoint = url->endpoint;
  GODWIT_TRY(const std::string addressing, options.choice("addressing"));
  const bool dotted = config.bucket.find('.') != std::string::npos;
  const bool path = addressing == "path" ||
                    (addressing == "auto" && (named || is_address(config.endpoint.host) || dotted));
  config.addressing = path ? Addressing::path : Addressing::virtual_host;
  return {};
}

Result<void> read_tls(World& world, const OptionReader& options, Config& config) {
  config.tls.ca_file =
      options.text("ca_file").value_or(first_set(world, {"AWS_CA_BUNDLE"}).value_or(""));
  config.tls.ca_directory = options.text("ca_dir").value_or("");
  config.tls.certificate_file = options.text("client_cert").value_or("");
  config.tls.key_file = options.text("client_key").value_or("");
  if (config.tls.key_file.empty() || !config.tls.certificate_file.empty()) return {};
  return fail(Error(Code::invalid_argument, "option 'client_key' needs 'client_cert'")
                  .with_hint("name the certificate, too"));
}

/// Options that say how the service differs from what most do.
Result<void> read_service(const OptionReader& options, Config& config) {
  const bool kms = config.server_side_encryption.starts_with("aws:kms");
  GODWIT_TRY(const std::string etag, options.choice("etag"));
  config.etag = etag == "opaque" || kms ? EtagKind::opaque : EtagKind::md5;
  GODWIT_TRY(const std::string conditional, options.choice("conditional_put"));
  config.conditional_put = conditional == "yes" ? Support::yes : Support::no;
  GODWIT_TRY(const std::string version, options.choice("list_version"));
  config.list_version = version == "1" ? ListVersion::v1 : ListVersion::v2;
  GODWIT_TRY(const std::string payload, options.choice("payload"));
  config.payload = payload == "signed" ? Payload::signed_bytes : Payload::unsigned_bytes;
  GODWIT_TRY(const std::string checksum, options.choice("checksum"));
  config.checksum = checksum == "none"     ? ChecksumKind::none
                    : checksum == "crc32c" ? ChecksumKind::crc32c
                                           : ChecksumKind::crc64nvme;
  GODWIT_TRY(const std::string pays, options.choice("requester_pays"));
  config.requester_pays = pays == "yes" ? Support::yes : Support::no;
  return {};
}

}  // namespace

const std::vector<OptionInfo>& option_table() {
  static const std::vector<OptionInfo> table = {
      {.name = "endpoint",
       .help = "where the service is, as http(s)://HOST:PORT",
       .fallback = "`AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, the profile's `endpoint_url`, else "
                   "AWS's of the region"},
      {.name = "region",
       .help = "the region to sign for",
       .fallback = "`AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's, else us-east-1"},
      {.name = "addressing",
       .help = "`path` (http://HOST/BUCKET), `virtual` (http://BUCKET.HOST) or `auto`: path for "
               "an endpoint of your own, virtual for AWS",
       .choices = {"auto", "path", "virtual"}},
      {.name = "profile",
       .help = "section of `~/.aws/config` and `~/.aws/credentials`; named in the URL, it goes "
               "before the environment's keys",
       .fallback = "`AWS_PROFILE`, else default"},
      {.name = "anonymous", .help = "`yes` to send requests unsigned", .choices = {"no", "yes"}},
      {.name = "etag",
       .help = "`opaque` where encryption makes ETags other than MD5s",
       .choices = {"md5", "opaque"}},
      {.name = "conditional_put",
       .help = "`no` for a service that ignores If-None-Match and If-Match",
       .choices = {"yes", "no"}},
      {.name = "payload",
       .help = "`signed` to cover the bytes of objects by the signature (about 0.8 CPU-s per GiB)",
       .choices = {"unsigned", "signed"}},
      {.name = "checksum",
       .help = "`crc32c` or `crc64nvme` to send along and check, for a service that knows trailing "
               "checksums (AWS; not Ceph before 19)",
       .choices = {"none", "crc32c", "crc64nvme"}},
      {.name = "ca_file",
       .help = "PEM file of further authorities for https, besides those of `--ca-file`",
       .fallback = "`AWS_CA_BUNDLE`"},
      {.name = "ca_dir",
       .help = "directory of such files, named by `openssl rehash`",
       .fallback = "none"},
      {.name = "client_cert",
       .help = "PEM file of the certificate to show to the service",
       .fallback = "none"},
      {.name = "client_key",
       .help = "PEM file of that certificate's key",
       .fallback = "in the file of `client_cert`"},
      {.name = "requester_pays",
       .help = "`yes` to pay for requests to a bucket of somebody else",
       .choices = {"no", "yes"}},
      {.name = "list_version",
       .help = "`1` for a service that knows only the first ListObjects call",
       .choices = {"2", "1"}},
      {.name = "storage_class",
       .help = "`x-amz-storage-class` of new objects",
       .fallback = "the service's"},
      {.name = "sse",
       .help = "`x-amz-server-side-encryption` of new objects, such as AES256 or aws:kms",
       .fallback = "none"},
      {.name = "sse_kms_key_id", .help = "the key for `sse=aws:kms`", .fallback = "none"}};
  return table;
}

Result<Config> read_config(World& world, const StoreSpec& spec) {
  const OptionReader options(spec, option_table());
  Config config;
  config.bucket = spec.name;
  config.prefix = spec.prefix;
  config.url = spec.to_url();
  GODWIT_CHECK(check_bucket(config.bucket));
  read_profile_name(world, options, config);
  GODWIT_TRY(const Defaults defaults, read_defaults(world, options, config));
  config.region = defaults.region.value_or(kDefaultRegion);
  GODWIT_CHECK(read_endpoint(options, defaults.endpoint, config));
  GODWIT_TRY(const std::string anonymous, options.choice("anonymous"));
  if (anonymous == "yes") config.signing = Signing::anonymous;
  config.storage_class = options.text("storage_class").value_or("");
  config.server_side_encryption = options.text("sse").value_or("");
  config.kms_key_id = options.text("sse_kms_key_id").value_or("");
  GODWIT_CHECK(read_service(options, config));
  GODWIT_CHECK(read_tls(world, options, config));
  return config;
}

}  // namespace godwit::s3
