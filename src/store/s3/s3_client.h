#pragma once

#include <memory>
#include <string>

#include "http/sigv4.h"
#include "store/s3/s3_config.h"
#include "store/s3/s3_credentials.h"
#include "store/s3/s3_route.h"
#include "world/context.h"

namespace godwit::s3 {

/// One call of the S3 API.
struct Call {
  const char* operation = "";  ///< "put", for errors
  const char* method = "GET";
  const std::string* key = nullptr;  ///< relative to the store; null: the bucket itself
  std::string query;                 ///< encoded, without '?'
  http::Headers headers;
  Body* body = nullptr;
  Bytes body_size = 0;
  /// Of a body in memory (`payload_hash`); empty for bytes of objects, which are signed and
  /// checksummed as the configuration says.
  std::string body_hash;
  /// `second` for what is asked while an answer is held; calls with a body are there anyway,
  /// because it may come from one.
  http::Lane lane = http::Lane::first;
};

inline constexpr Bytes kLargestAnswer = 64 * kMiB;

/// Signs and sends calls for one bucket, and turns refusals into errors.
///
/// Learns on the way, and tries again within the call (kMostTries): the server's clock when ours is
/// off by whatever, the bucket's region when another was named, another host when it redirects, new
/// keys when these have expired. A body goes again if it was not touched yet, or rewinds.
/// Concurrency: engine executor; what one call has learned serves all.
class Client {
 public:
  Client(World& world, http::Transport& transport, Config config, const StoreSpec& spec);

  /// Success: status below 300. Failure: see s3_errors.h; the place is filled in.
  [[nodiscard]] Task<http::Response> send(const Context& context, Call& call);
  /// The same for answers that are short texts; a success with an error inside is an error.
  [[nodiscard]] Task<std::string> send_for_text(const Context& context, Call& call);

  [[nodiscard]] const Config& config() const { return config_; }
  [[nodiscard]] Where place(const Call& call) const;
  /// Failure: invalid_argument where the service cannot hold the key with its prefix.
  [[nodiscard]] Result<void> check_key(const Call& call) const;
  /// "/bucket/prefix-key", encoded, as CopyObject names its source.
  [[nodiscard]] std::string copy_source(const std::string& key) const;

 private:
  /// What a request was made with, to tell what has changed since.
  struct Attempt {
    Route route;
    std::string region;
    Duration clock_offset{};
    http::Credentials keys;
  };
  /// A request, and the body in chunks that it may have.
  struct Signed {
    http::Request request;
    std::unique_ptr<Body> chunks;
  };
  enum class Again : std::uint8_t { no, yes };

  [[nodiscard]] Error failed(const Call& call, Error error) const;
  [[nodiscard]] Task<http::Credentials> keys(const Context& context);
  [[nodiscard]] http::Request make_request(const Attempt& attempt, const Call& call) const;
  void refresh(Attempt& attempt) const;
  [[nodiscard]] Signed sign(const Attempt& attempt, const Call& call, Body* body);
  [[nodiscard]] std::optional<http::ChunkSigner> authorize(const Attempt& attempt, const Call& call,
                                                           std::string_view payload,
                                                           http::Request& request);
  [[nodiscard]] std::string payload_of(const Attempt& attempt, const Call& call) const;
  [[nodiscard]] Again learn(Attempt& attempt, const Call& call, const http::Response& response,
                            const std::string& body);
  [[nodiscard]] Again learn_time(const Attempt& attempt, const http::Response& response,
                                 Duration least);
  [[nodiscard]] Again learn_region(const Attempt& attempt, const std::string& region);
  [[nodiscard]] Again learn_place(Attempt& attempt, const Call& call,
                                  const http::Response& response, const std::string& body);

  World& world_;
  http::Transport& transport_;
  Config config_;
  CredentialsProvider credentials_;
  http::Signer signer_;
  Route route_;
  Duration clock_offset_{};  // the server's clock minus ours
};

/// The hex SHA-256 of a body in memory.
[[nodiscard]] std::string payload_hash(std::string_view body);

}  // namespace godwit::s3
