#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// What S3 services say of changes in a bucket. Pure: what comes from outside is read here.
namespace godwit::service {

/// One thing that happened to an object.
struct S3Event {
  std::string name;      ///< as it was sent: "ObjectCreated:Put"
  bool changes = false;  ///< the object was created, removed, restored or has expired
  std::string bucket;
  /// The key, decoded; two spellings where the sender may have encoded it or not.
  std::vector<std::string> keys;
};

enum class S3Message : std::uint8_t {
  events,
  test,         ///< a service tries whether somebody listens
  subscription  ///< SNS asks for a confirmation, or tells of an end: see `link`
};

/// One message of a sender.
struct S3Notification {
  S3Message kind = S3Message::events;
  std::vector<S3Event> events;
  std::string link;   ///< with which a person confirms a subscription
  std::string topic;  ///< of SNS
};

/// Events that one message may have.
inline constexpr std::size_t kMostS3Events = 10'000;

/// Reads a message of AWS (directly, or within one of SNS), MinIO or Ceph RGW.
/// Failure: invalid_argument for anything else, naming what is missing.
[[nodiscard]] Result<S3Notification> parse_s3_notification(std::string_view text);

}  // namespace godwit::service
