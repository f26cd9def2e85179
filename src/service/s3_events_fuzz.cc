#include <cstdint>
#include <cstdlib>

#include "service/s3_events.h"

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

/// A message is read or refused; what is read names a bucket and keys that may be looked at.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace godwit::service;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto notification = parse_s3_notification(text);
  if (!notification) return 0;
  must(notification->events.size() <= kMostS3Events);
  for (const S3Event& event : notification->events) {
    must(!event.bucket.empty());
    must(!event.keys.empty() && event.keys.size() <= 2);
    for (const std::string& key : event.keys) must(!key.empty());
  }
  return 0;
}
