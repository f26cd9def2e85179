#pragma once

#include <memory>

#include "store/file/file_tree.h"

namespace godwit::file {

/// A copy from one tree of this machine to another, inside the kernel where it can, in steps
/// between which it can be given up. All calls block. Not thread-safe.
class FileCopy {
 public:
  struct Ends {
    std::shared_ptr<const Tree> source;
    std::shared_ptr<const Tree> target;
    std::string key;  ///< at the target
  };

  /// `random` makes the draft's name.
  FileCopy(Ends ends, CopySource from, PutOptions options, std::uint64_t random)
      : ends_(std::move(ends)),
        from_(std::move(from)),
        options_(std::move(options)),
        random_(random) {}

  /// Failure: not_found; precondition_failed when the source is another version; no_space.
  [[nodiscard]] Result<void> begin();
  /// Copies up to 64 MiB; true when nothing is left.
  [[nodiscard]] Result<bool> step();
  /// Failure: precondition_failed when the source changed since `begin`; of Tree::commit.
  [[nodiscard]] Result<PutResult> commit();

 private:
  Ends ends_;
  CopySource from_;
  PutOptions options_;
  std::uint64_t random_;
  std::unique_ptr<File> source_;
  FileStat before_;
  Draft draft_;
  Bytes done_ = 0;
};

}  // namespace godwit::file
