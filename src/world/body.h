#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "world/task.h"

namespace godwit {

/// A stream of bytes that is pulled: the reader's pace is the writer's (backpressure).
///
/// Ownership: whoever reads owns the buffer. A body is read by one coroutine at a time, to its
/// end or not at all further; destroying it early is allowed and frees what is behind it.
class Body {
 public:
  virtual ~Body() = default;

  /// Puts up to `into.size()` (> 0) bytes into `into` and says how many; 0 is the end.
  /// Failure: what the source failed with; `corrupted` if it ended before its announced length.
  /// After a failure the body is of no more use, unless `rewind` succeeds.
  [[nodiscard]] virtual Task<std::size_t> read(MutableByteSpan into) = 0;

  /// Back to the first byte, so that the same body can be sent again.
  /// Failure: unsupported (most streams cannot).
  [[nodiscard]] virtual Result<void> rewind();
};

/// A body over bytes in memory that it owns. Can be rewound.
class MemoryBody final : public Body {
 public:
  explicit MemoryBody(std::string bytes) : bytes_(std::move(bytes)) {}
  [[nodiscard]] Task<std::size_t> read(MutableByteSpan into) override;
  [[nodiscard]] Result<void> rewind() override;

 private:
  std::string bytes_;
  std::size_t position_ = 0;
};

/// A body over bytes that someone else owns and keeps until the body is gone. Can be rewound.
class ViewBody final : public Body {
 public:
  explicit ViewBody(ByteSpan bytes) : bytes_(bytes) {}
  [[nodiscard]] Task<std::size_t> read(MutableByteSpan into) override;
  [[nodiscard]] Result<void> rewind() override;

 private:
  ByteSpan bytes_;
  std::size_t position_ = 0;
};

/// Reads all of `body`. Failure: limit_exceeded past `most` bytes; what the body failed with.
[[nodiscard]] Task<std::string> read_all(Body& body, Bytes most);

/// Reads on after `begun`, up to `most` bytes in all: fewer only at the end of the body. Memory
/// grows with what arrives, so that a slow body holds little.
[[nodiscard]] Task<std::string> read_up_to(Body& body, std::string begun, Bytes most);

/// Fills `into` as far as the body reaches, and says how far: short only at the end of the body.
[[nodiscard]] Task<std::size_t> read_full(Body& body, MutableByteSpan into);

}  // namespace godwit
