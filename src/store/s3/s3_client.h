#pragma once

#include <memory>
#include <string>

#include "http/sigv4.h"
#include "store/s3/s3_config.h"
#include "store/s3/s3_credentials.h"
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
  std::string payload_hash{http::kUnsignedPayload};
};

inline constexpr Bytes kLargestAnswer = 64 * kMiB;

/// Signs and sends calls for one bucket, and turns refusals into errors.
///
/// Learns on the way: the server's clock when ours is off, and the bucket's region when another
/// was named; either is tried once more within the call.
/// Concurrency: engine executor.
class Client {
 public:
  Client(World& world, http::Transport& transport, Config config, const StoreSpec& spec);

  /// Success: status below 300. Failure: see s3_errors.h; the place is filled in.
  [[nodiscard]] Task<http::Response> send(const Context& context, Call& call);
  /// The same for answers that are short texts; a success with an error inside is an error.
  [[nodiscard]] Task<std::string> send_for_text(const Context& context, Call& call);

  [[nodiscard]] const Config& config() const { return config_; }
  [[nodiscard]] Where place(const Call& call) const;
  /// "/bucket/prefix-key", encoded, as CopyObject names its source.
  [[nodiscard]] std::string copy_source(const std::string& key) const;

 private:
  enum class Again { no, yes };
  [[nodiscard]] http::Request sign(const http::Credentials& credentials, const Call& call);
  [[nodiscard]] std::string path_of(const Call& call) const;
  [[nodiscard]] Again learn(const http::Response& response, const std::string& body);

  World& world_;
  http::Transport& transport_;
  Config config_;
  CredentialsProvider credentials_;
  http::Signer signer_;
  http::Endpoint endpoint_;  // with the bucket in front for virtual-host style
  std::string authority_;
  std::string path_prefix_;  // encoded: "/bucket/prefix" or "/prefix"
  Duration clock_offset_{};  // the server's clock minus ours
};

/// The hex SHA-256 of a body in memory.
[[nodiscard]] std::string payload_hash(std::string_view body);

}  // namespace godwit::s3
