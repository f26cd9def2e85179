#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace godwit::replication {

/// What became of a task.
struct Ending {
  bool moved = false;  ///< something was written or removed
  Bytes bytes = 0;
  std::optional<Error> error;  ///< it is a dead letter now
};

/// How tasks end, for those who asked for them.
/// Concurrency: engine executor.
class Endings {
 public:
  using Heard = std::function<void(const std::string& key, const Ending& ending)>;

  /// Hears, once for each key that it expects, how the next task of the key ends at `target`.
  class Listener {
   public:
    Listener(Endings& endings, std::string target, Heard heard);
    Listener(Listener&&) = delete;
    ~Listener();

    void expect(const std::string& key);
    /// Keys of which nothing was heard yet.
    [[nodiscard]] std::size_t expected() const { return keys_.size(); }

   private:
    friend class Endings;

    Endings& endings_;
    std::string target_;
    Heard heard_;
    std::unordered_set<std::string> keys_;
  };

  void ended(const std::string& target, const std::string& key, const Ending& ending);

 private:
  std::unordered_map<std::string, std::vector<Listener*>> listeners_;  // by key
};

}  // namespace godwit::replication
