#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "coordination/coordinator.h"

namespace godwit {

struct LeaseRecord {
  std::string holder;
  std::uint64_t token = 0;
  Duration ttl{};
  bool operator==(const LeaseRecord&) const = default;
};

/// What one file of the local coordinator says.
struct GroupRecord {
  std::string group;
  GroupSnapshot snapshot;
  std::uint64_t last_token = 0;
  std::map<std::string, LeaseRecord> leases;  ///< by name
  bool operator==(const GroupRecord&) const = default;
};

inline constexpr Bytes kLargestGroupFile = kMiB;

/// A line "godwit-group FORMAT CRC32C", then JSON that the CRC is of.
[[nodiscard]] std::string encode_group(const GroupRecord& record);
/// The failure of a file that is damaged in this way, with what to do about it: corrupted.
[[nodiscard]] std::unexpected<Error> damaged_group(std::string_view why);
/// Failure: unsupported when a newer release wrote it; corrupted for all else that `encode_group`
/// does not write: torn, changed, of another kind.
[[nodiscard]] Result<GroupRecord> decode_group(std::string_view text);

}  // namespace godwit
