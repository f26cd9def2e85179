#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "kv/database.h"
#include "world/sim/sim_disk.h"

namespace godwit::kv {

/// How often what goes wrong with databases; shares between 0 and 1, drawn per call.
struct EngineFaults {
  double write_error = 0;  ///< a write fails: nothing is visible, whether it stays is drawn
  double no_space = 0;     ///< a write is refused
  double read_error = 0;   ///< get and scan fail
};

/// Databases in memory, with an honest idea of what a crash leaves, and typed faults.
///
/// A power loss keeps of the writes since the last durable one a drawn number, the oldest first.
/// One thread only.
class SimEngine final : public Engine {
 public:
  using Random = std::function<std::uint64_t()>;
  explicit SimEngine(Random random) : random_(std::move(random)) {}

  [[nodiscard]] EngineFaults& faults() { return faults_; }
  /// Called before each call of a database: here the process may crash.
  void on_call(std::function<void()> action) { on_call_ = std::move(action); }
  /// The process ends now: each call fails and changes nothing from here on, until `restart`.
  void crash(Crash kind);
  /// A new process begins: databases can be opened again.
  void restart() { down_ = false; }

  [[nodiscard]] Result<std::unique_ptr<Database>> open(const std::string& directory,
                                                       const DatabaseOptions& options) override;

 private:
  friend class SimDatabase;
  struct Value {
    std::string bytes;
    std::optional<std::string> before;  // what comes back if it is erased as if put once
  };
  using Rows = std::map<std::string, Value, std::less<>>;
  struct Table {
    Rows rows;
    Rows durable;
    std::vector<Batch> unsynced;  // what `rows` has and `durable` lacks
    std::optional<Batch> failed;  // what nobody sees and a restart may bring back
    bool open = false;
  };
  static void replay(const Batch& batch, Rows& rows);
  static void erase_once(const std::string& key, Rows& rows);
  [[nodiscard]] Result<void> begin(std::uint64_t life, double EngineFaults::* fault);
  [[nodiscard]] bool strikes(double share);

  Random random_;
  EngineFaults faults_;
  std::function<void()> on_call_;
  std::map<std::string, Table> tables_;
  std::uint64_t life_ = 0;  // counts processes: databases of an earlier one are closed
  bool down_ = false;
};

}  // namespace godwit::kv
