#pragma once

#include <string>

#include "base/result.h"
#include "store/object.h"

namespace godwit::replication {

/// What the journal keeps of a put beside its intent (`journal_payload = "inline"`).
struct Payload {
  Metadata metadata;  ///< with the version in it
  std::string body;
};

[[nodiscard]] std::string encode_payload(const Metadata& metadata, const std::string& body);
/// Failure: corrupted.
[[nodiscard]] Result<Payload> decode_payload(const std::string& bytes);

}  // namespace godwit::replication
