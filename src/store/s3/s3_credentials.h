#pragma once

#include <memory>
#include <optional>
#include <string>

#include "http/sigv4.h"
#include "store/s3/s3_config.h"
#include "store/s3/s3_metadata_service.h"
#include "world/context.h"

namespace godwit::s3 {

/// Where keys come from, in the order of the AWS SDKs: the spec, the environment (but for a
/// profile that the URL names), the profile in the shared credentials and config files, the
/// container's and the instance's metadata service.
/// Keys that expire are fetched again five minutes before. Keys are never printed.
/// Source: docs.aws.amazon.com, "AWS SDKs and Tools standardized credential providers".
/// Concurrency: engine executor; calls at once that find no valid keys share one fetch. It ends
/// when it has an answer or nobody waits for it any more, and whoever leaves last joins it: so
/// none is under way when no call is.
class CredentialsProvider {
 public:
  CredentialsProvider(World& world, http::Transport& transport, const Config& config,
                      const StoreSpec& spec);
  CredentialsProvider(CredentialsProvider&&) = delete;
  ~CredentialsProvider();

  /// Failure: permission_denied when no place has keys, naming the places; invalid_argument for a
  /// file or setting that cannot be followed; what the metadata service failed with, but not while
  /// the keys from before are valid; cancelled and timed_out for this caller alone.
  [[nodiscard]] Task<http::Credentials> get(const Context& context);
  /// Nothing to wait for: keys are here and valid.
  [[nodiscard]] const http::Credentials* ready() const;
  /// The service says that these have expired. True when there may be newer ones.
  [[nodiscard]] bool expire(const http::Credentials& keys);

 private:
  struct Fetch;
  asio::awaitable<void> run(Fetch& fetch);
  [[nodiscard]] Task<void> wait(const Context& context, Fetch& fetch);
  asio::awaitable<void> leave(Fetch& fetch);
  [[nodiscard]] Task<TemporaryKeys> find(const Context& context);
  [[nodiscard]] Result<std::optional<http::Credentials>> from_environment() const;
  [[nodiscard]] Task<std::optional<http::Credentials>> from_profile();
  void take(const TemporaryKeys& found);
  [[nodiscard]] bool valid() const;

  World& world_;
  http::Transport& transport_;
  Signing signing_;
  std::string profile_;
  ProfileFrom profile_from_;
  http::Credentials given_;
  std::optional<http::Credentials> current_;
  WallTime refresh_at_ = WallTime::max();
  WallTime expires_ = WallTime::max();
  std::shared_ptr<Fetch> fetch_;  // the one under way
};

}  // namespace godwit::s3
