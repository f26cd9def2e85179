#pragma once

#include <memory>
#include <optional>
#include <string>

#include "store/coding/frames.h"
#include "store/coding/sealing.h"

namespace godwit::coding {

/// What of a stored body is read, and how it becomes plain bytes.
struct DecodingPlan {
  ByteRange stored;  ///< the bytes that the Decoding gets; size 0: none are needed

  std::optional<Seal> seal;
  MasterKey key;        ///< of the seal
  bool header = false;  ///< `stored` begins with the seal's
  std::uint64_t first_chunk = 0;
  std::uint64_t chunks = 0;  ///< of the whole body

  Bytes skip_coded = 0;  ///< of what the chunks hold
  Compression compression = Compression::none;

  Bytes skip_plain = 0;
  Bytes plain_size = 0;  ///< of the bytes to give
  /// All of the body: its index is read too, and what it says is checked.
  bool whole = false;
};

/// Turns stored bytes back as they come. What it gives of a body whose chunks are sealed, or of a
/// frame, was proven; that the body is whole shows at its end.
/// Memory: what it is given at once, a chunk, a frame. One thread at a time.
class Decoding {
 public:
  explicit Decoding(const DecodingPlan& plan);

  /// The next stored bytes; none: there are no more.
  void add(std::string stored);
  /// Appends more plain bytes to `plain`, about a frame at most. None, and not `done`: it needs
  /// more. Failure: corrupted.
  [[nodiscard]] Result<void> give(std::string& plain);
  /// All was given, and what could be proven is.
  [[nodiscard]] bool done() const { return done_; }

 private:
  [[nodiscard]] Result<void> open_chunks();
  [[nodiscard]] Result<void> decode(std::string& plain);
  void cut(std::string& plain, std::size_t from);
  [[nodiscard]] Result<void> end();

  DecodingPlan plan_;
  std::optional<ChunkCipher> cipher_;
  std::unique_ptr<FrameDecoder> decoder_;
  std::string stored_;
  std::string coded_;
  std::size_t coded_at_ = 0;  // in coded_
  Bytes given_ = 0;
  Md5 md5_;
  bool ended_ = false;  // of the stored bytes
  bool done_ = false;
};

}  // namespace godwit::coding
