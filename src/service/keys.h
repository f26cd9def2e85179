#pragma once

#include <functional>
#include <string>
#include <vector>

#include "service/config.h"
#include "service/value.h"

namespace godwit::service {

/// A key of a table of godwit.toml, and what it sets. One list of these is what the reader takes,
/// what it suggests for a key that is none, and what the reference says.
template <class T>
struct Key {
  KeyInfo info;
  std::function<Result<void>(T&, const Value&)> take;
};
template <class T>
using Keys = std::vector<Key<T>>;

/// [stores.NAME], as it is read.
struct StoreDraft {
  std::string url;
  std::map<std::string, std::string> secrets;
  std::map<std::string, std::string> coding;  ///< options of the URL, said here
};

/// One of the targets of [groups.NAME]: its store is a name yet.
struct TargetDraft {
  ReplicaTarget target;
  std::string store;
};

/// [groups.NAME]: its primary is a name yet.
struct GroupDraft {
  ReplicationConfig config;
  DetectConfig detect;
  std::string primary;
  std::string primary_region;
};

[[nodiscard]] const Keys<NodeConfig>& node_keys();
[[nodiscard]] const Keys<ApiConfig>& api_keys();
[[nodiscard]] const Keys<LogConfig>& log_keys();
[[nodiscard]] const Keys<StoreDraft>& store_keys();
[[nodiscard]] const Keys<GroupDraft>& group_keys();
[[nodiscard]] const Keys<TargetDraft>& target_keys();

/// The key of a group that holds its targets.
inline constexpr const char* kTargets = "targets";

}  // namespace godwit::service
