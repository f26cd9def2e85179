#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "godwit/replicated_store.h"
#include "service/json.h"
#include "world/world.h"

// Whether a group does what it is for, tried with an object of its own.
namespace godwit::service {

/// Where its objects are, for all to see.
inline constexpr std::string_view kDrillPrefix = "godwit-drill/";

/// From best to worst.
enum class Proof : std::uint8_t {
  proven,
  not_proven,  ///< it could not be tried: the target is paused, or away
  failed
};
[[nodiscard]] std::string_view to_string(Proof proof);

/// What a drill has seen of one store.
struct StoreDrill {
  std::string store;
  std::string region;
  bool is_primary = false;
  Proof proof = Proof::not_proven;
  /// Of the primary: that the write took. Of a target: from the write's answer to its arrival.
  std::optional<Duration> written;
  bool verified = false;            ///< every byte was read back from it
  std::optional<Duration> removed;  ///< the same of the removal
  std::string why;                  ///< "" where it is proven
  std::string hint;                 ///< what to do about it
};

struct DrillReport {
  std::string key;
  WallTime began{};
  Duration took{};
  Bytes size = 0;
  bool cleaned = false;            ///< the removal of the object is promised to every store
  std::vector<StoreDrill> stores;  ///< the primary first

  /// That of the store which has done worst.
  [[nodiscard]] Proof proof() const;
};
/// {"result", "key", "at", "at_ms", "took_ms", "size", "cleaned", "stores"}.
[[nodiscard]] Json shape(const DrillReport& report);

struct DrillOptions {
  std::uint64_t seed = 0;  ///< of the object's name and its bytes
  /// That the object has to get to the targets; its removal has as long again.
  Duration patience = std::chrono::minutes(5);
  /// Told, on the caller's thread, after each step.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = [](auto, auto) {};
};

/// Writes an object, waits until each target that can has it, reads it back from every store,
/// removes it, and waits until it is gone everywhere. Whatever happens, its removal is promised to
/// all stores when this returns, unless the report says otherwise; what a drill before this one
/// could not remove is removed first. One at a time for each group.
/// What fails at a store is in the report.
/// Failure: cancelled when `stop` is asked for; that of `store.status()`.
/// Concurrency: any thread but the engine's. Blocks it.
[[nodiscard]] Result<DrillReport> run_drill(World& world, ReplicatedStore& store,
                                            const DrillOptions& options,
                                            const std::stop_token& stop);

/// The last drill of a group, kept in a file over restarts.
/// Concurrency: any thread.
class DrillRecord {
 public:
  /// `directory` must be there when it is saved.
  DrillRecord(World& world, const std::string& directory)
      : world_(world), path_(directory + "/drill") {}

  /// What was kept; fine where there is nothing.
  /// Failure: the disk's; corrupted. Then nothing is known of any.
  [[nodiscard]] Result<void> load();
  /// Failure: the disk's; it is known until the process ends all the same.
  [[nodiscard]] Result<void> save(const DrillReport& report);
  /// As `shape(DrillReport)`; null where there was none.
  [[nodiscard]] Json last() const;

 private:
  World& world_;
  std::string path_;
  mutable std::mutex mutex_;
  Json last_;
};

}  // namespace godwit::service
