#pragma once

#include <string>
#include <vector>

#include "godwit/config.h"
#include "replication/types.h"
#include "store/spec.h"
#include "version/merge.h"

namespace godwit::api {

/// One store of a group, by name.
struct Member {
  std::string name;
  StoreSpec spec;
};

/// A config as the layers below take it.
struct Plan {
  replication::GroupConfig group;
  std::vector<Member> members;  ///< the primary first
  std::string data_dir;         ///< absolute
  /// Of this group: groups that take turns in one data_dir must not forget each other's tasks.
  [[nodiscard]] std::string journal_directory() const {
    return data_dir + "/journal-" + group.name;
  }
};

[[nodiscard]] replication::TargetConfig target_of(const ReplicaTarget& target);
/// Failure: invalid_argument for its URL.
[[nodiscard]] Result<Member> member_of(const ReplicaTarget& target);

/// Failure: invalid_argument, with the field by its name and the nearest match of a word.
[[nodiscard]] Result<Plan> make_plan(const ReplicationConfig& config);

}  // namespace godwit::api
