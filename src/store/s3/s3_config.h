#pragma once

#include <string>
#include <vector>

#include "http/transport.h"
#include "store/spec.h"

namespace godwit::s3 {

enum class Addressing : std::uint8_t { path, virtual_host };
/// Whether a bucket's ETags are MD5s; encryption with KMS or customer keys makes them opaque.
enum class EtagKind : std::uint8_t { md5, opaque };
enum class Signing : std::uint8_t { signed_requests, anonymous };
enum class Support : std::uint8_t { yes, no };
/// Whether signatures cover the bytes of objects, chunk by chunk.
enum class Payload : std::uint8_t { unsigned_bytes, signed_bytes };
/// What goes along with the bytes of objects, and is checked by the service.
enum class ChecksumKind : std::uint8_t { none, crc32c, crc64nvme };
/// ListObjects, for services that know no other, or ListObjectsV2.
enum class ListVersion : std::uint8_t { v1, v2 };
/// Who named the profile: the URL's option, AWS_PROFILE, or nobody.
enum class ProfileFrom : std::uint8_t { fallback, environment, option };

/// A bucket, and how to speak to it.
struct Config {
  http::Endpoint endpoint;
  std::string bucket;
  std::string prefix;
  std::string region;
  std::string profile;
  ProfileFrom profile_from = ProfileFrom::fallback;
  Addressing addressing = Addressing::path;
  Signing signing = Signing::signed_requests;
  EtagKind etag = EtagKind::md5;
  Support conditional_put = Support::yes;
  ListVersion list_version = ListVersion::v2;
  Payload payload = Payload::unsigned_bytes;
  ChecksumKind checksum = ChecksumKind::none;
  Support requester_pays = Support::no;
  http::TlsOptions tls;
  std::string storage_class;
  std::string server_side_encryption;
  std::string kms_key_id;
  std::string url;  ///< printable
};

[[nodiscard]] const std::vector<OptionInfo>& option_table();

/// Reads the profile's file, which may name region and endpoint, where nothing else does: a small
/// local file, which decides who the store is.
/// Failure: invalid_argument naming the option, or a bucket name that S3 does not allow.
[[nodiscard]] Result<Config> read_config(World& world, const StoreSpec& spec);

}  // namespace godwit::s3
