#pragma once

#include "replication/engine.h"
#include "replication/group.h"

namespace godwit::replication {

/// From where a read is answered.
class Router {
 public:
  explicit Router(Engine& engine) : engine_(engine) {}

  [[nodiscard]] Task<ReadResult> get(const Context& context, const std::string& key,
                                     const ReadOptions& options);

 private:
  /// Targets in the order in which they are asked; the primary is "".
  [[nodiscard]] std::vector<std::string> candidates(const ReadOptions& options);
  [[nodiscard]] bool eligible(const Target& target) const;
  [[nodiscard]] Task<ReadResult> ask(const Context& context, const std::string& name,
                                     const std::string& key, const ReadOptions& options);

  Engine& engine_;
  std::uint64_t turn_ = 0;
};

}  // namespace godwit::replication
