#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "kv/database.h"
#include "store/rocksdb/rows.h"

namespace godwit::rocks {

/// A body that is being written. Until it is `finish`ed nobody owns it, which a row says, so that a
/// crash leaves no bytes behind.
struct Draft {
  Run run;           ///< `size`: of what was appended
  std::string last;  ///< the chunk that is not written yet: it goes along with the owner
  bool marked = false;
};

/// The bytes of objects: written in chunks, pinned while they are read, freed when nobody owns or
/// reads them. All calls block. Thread-safe.
class Bodies {
 public:
  /// Rows that are read or erased at once.
  static constexpr std::size_t kAtOnce = 1000;

  explicit Bodies(kv::Database& database) : database_(database) {}

  /// Frees what a crash has left unowned. Before all other calls. Cost: one row for each body that
  /// was being written, or read although it was replaced.
  [[nodiscard]] Result<void> sweep();

  [[nodiscard]] Result<Draft> draft();
  /// `bytes`: a chunk. All but the last must be full.
  [[nodiscard]] Result<void> append(Draft& draft, std::string bytes);
  /// Adds to `batch` what makes the draft its owner's.
  static void finish(kv::Batch& batch, const Draft& draft);
  /// Frees a draft that got no owner. Also after a write of unknown outcome, since the write made
  /// here ends the doubt. What fails is done by the next `sweep`.
  void discard(const Draft& draft);

  /// Adds to `batch` that nobody owns these any more; `retire` must follow when it is written.
  static void disown(kv::Batch& batch, const std::vector<Run>& runs);
  /// Frees these now, or when the last one who reads them is done.
  void retire(const std::vector<Run>& runs);

  void pin(const std::vector<Run>& runs);
  void unpin(const std::vector<Run>& runs);

  /// Failure: corrupted when it is not there, or not as long as it must be.
  [[nodiscard]] Result<std::string> chunk(const Run& run, std::uint32_t index);

 private:
  struct Pinned {
    std::size_t readers = 0;
    bool retired = false;
  };
  void free(const std::vector<Run>& runs);

  kv::Database& database_;
  std::mutex numbers_;
  std::uint64_t next_ = 0;
  std::uint64_t reserved_ = 0;
  std::mutex pins_;
  std::map<std::uint64_t, Pinned> pinned_;
  std::vector<Run> left_;  // by their last reader, who may not block: `retire` frees them
};

}  // namespace godwit::rocks
