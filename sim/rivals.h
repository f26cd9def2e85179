#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "store/store.h"
#include "world/context.h"

namespace godwit::sim {

/// Others who put to the targets of a group what its clients put to the group. Each object bears a
/// number, which whoever copies it copies too.
class Rivals {
 public:
  [[nodiscard]] asio::awaitable<void> put(const Context& context, Store& region, std::string key,
                                          std::string bytes, std::uint64_t number);
  /// A process has stored an object: as `key` at the primary, or aside of it.
  void stored(const std::string& key, bool at_primary, const Metadata& metadata);
  /// Those that nobody keeps, and that no other rival has replaced.
  [[nodiscard]] std::vector<std::string> lost() const;

 private:
  std::map<std::uint64_t, std::string> unkept_;  // keys by number
};

}  // namespace godwit::sim
