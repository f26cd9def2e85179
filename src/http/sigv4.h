#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/checksum.h"
#include "http/transport.h"
#include "world/time.h"

namespace godwit::http {

struct Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  ///< empty: long-lived keys

  [[nodiscard]] bool anonymous() const { return access_key.empty(); }
};

inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

/// What a signature covers. All views live during the call only.
struct SigningInput {
  std::string_view method;
  std::string_view path;   ///< encoded once, as it is sent
  std::string_view query;  ///< "a=1&b", encoded as it is sent, in any order
  /// Lower-case names; in any order; Host among them.
  const std::vector<std::pair<std::string_view, std::string_view>>& headers;
  std::string_view payload_hash;  ///< hex SHA-256 of the body, or kUnsignedPayload
  WallTime time{};
};

/// What a chunked body that is signed as it goes says in place of its hash; with trailing headers.
inline constexpr std::string_view kSignedChunks = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
inline constexpr std::string_view kSignedChunksTrailer =
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
/// The same without signatures: for trailing headers alone.
inline constexpr std::string_view kUnsignedChunksTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

/// Signs the chunks of a body, each over the signature before it, the first over the request's.
/// Source: docs.aws.amazon.com, Amazon S3, "Signature Calculations … Transferring Payload in
/// Multiple Chunks". A value: a copy starts where the original is.
class ChunkSigner {
 public:
  ChunkSigner(const Sha256Digest& key, std::string time, std::string scope, std::string seed)
      : key_(key), time_(std::move(time)), scope_(std::move(scope)), previous_(std::move(seed)) {}

  /// The signature of the next chunk; of an empty one at the end.
  [[nodiscard]] std::string sign(ByteSpan chunk);
  /// Of the trailing headers, written "name:value\n" each, after the empty chunk.
  [[nodiscard]] std::string sign_trailer(std::string_view trailer);

 private:
  [[nodiscard]] std::string chain(const std::string& to_sign);

  Sha256Digest key_;
  std::string time_;
  std::string scope_;
  std::string previous_;
};

/// AWS Signature Version 4 for one region and service.
/// Source: docs.aws.amazon.com, "Create a signed AWS API request".
/// Keeps the signing key of a day, so that a signature costs one hash and one HMAC (some µs).
/// Not thread-safe.
class Signer {
 public:
  Signer(std::string region, std::string service)
      : region_(std::move(region)), service_(std::move(service)) {}

  /// The value of the Authorization header.
  [[nodiscard]] std::string authorization(const Credentials& credentials,
                                          const SigningInput& input);
  /// For the body of the request whose Authorization header this is.
  [[nodiscard]] ChunkSigner chunks(const Credentials& credentials, WallTime time,
                                   std::string_view authorization);
  [[nodiscard]] const std::string& region() const { return region_; }

 private:
  [[nodiscard]] std::string scope_of(std::string_view date) const;
  [[nodiscard]] const Sha256Digest& key_for(const Credentials& credentials, std::string_view date);

  std::string region_;
  std::string service_;
  std::string key_date_;
  std::string key_secret_;
  Sha256Digest key_{};
};

/// "20130524T000000Z", as `X-Amz-Date` wants it.
[[nodiscard]] std::string amz_date(WallTime time);

/// Steps 1 and 2 of the signature, apart for tests.
[[nodiscard]] std::string canonical_request(const SigningInput& input, std::string& signed_headers);

}  // namespace godwit::http
