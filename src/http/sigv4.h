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
  [[nodiscard]] const std::string& region() const { return region_; }

 private:
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
