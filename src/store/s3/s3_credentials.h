#pragma once

#include <memory>
#include <optional>
#include <string>

#include "http/sigv4.h"
#include "store/s3/s3_config.h"
#include "world/context.h"

namespace godwit::s3 {

/// Where keys come from, in the order of the AWS SDKs: the spec, the environment, the shared
/// credentials and config files, the container's and the instance's metadata service.
/// Keys that expire are fetched again five minutes before. Keys are never printed.
/// Source: docs.aws.amazon.com, "AWS SDKs and Tools standardized credential providers".
/// Concurrency: engine executor; calls at once that find no valid keys each look for some.
class CredentialsProvider {
 public:
  CredentialsProvider(World& world, http::Transport& transport, const Config& config,
                      const StoreSpec& spec);
  CredentialsProvider(CredentialsProvider&&) = delete;

  /// Failure: permission_denied when no place has keys, naming the places; invalid_argument for a
  /// file that cannot be read; what the metadata service failed with.
  [[nodiscard]] Task<http::Credentials> get(const Context& context);
  /// Nothing to wait for: keys are here and valid.
  [[nodiscard]] const http::Credentials* ready() const;

 private:
  [[nodiscard]] Task<http::Credentials> find(const Context& context);
  [[nodiscard]] std::optional<http::Credentials> from_environment() const;
  [[nodiscard]] Task<std::optional<http::Credentials>> from_files();
  [[nodiscard]] Task<std::optional<http::Credentials>> from_container(const Context& context);
  [[nodiscard]] Task<std::optional<http::Credentials>> from_instance(const Context& context);
  [[nodiscard]] Result<http::Credentials> read_answer(const std::string& json);

  World& world_;
  http::Transport& transport_;
  Signing signing_;
  std::string profile_;
  http::Credentials given_;
  std::optional<http::Credentials> current_;
  WallTime expires_ = WallTime::max();
};

/// The keys of `[section]` in the text of a credentials file (`[profile NAME]` in a config file).
/// Failure: invalid_argument with the line of what is no INI.
[[nodiscard]] Result<std::optional<http::Credentials>> parse_credentials(
    std::string_view text, const std::string& profile);

}  // namespace godwit::s3
