#pragma once

#include <optional>
#include <string>

#include "store/coding/frames.h"
#include "store/coding/sealing.h"

namespace godwit::coding {

/// How one body is coded.
struct Coding {
  Compression compression = Compression::none;
  int level = 0;
  std::optional<Seal> seal;
  MasterKey key;  ///< of the seal
};

/// Turns one plain body into what is stored: frames and their index, then chunks. Frames that do
/// not shrink stay as they are, and most of those that follow are not tried.
/// Memory: a frame and a chunk. One thread at a time; costs the CPU what compression and AES do.
class Encoder {
 public:
  explicit Encoder(const Coding& coding);

  /// The next bytes; appends to `coded` what is finished.
  void add(ByteSpan plain, std::string& coded);
  /// The end. Nothing is added then.
  void finish(std::string& coded);

  [[nodiscard]] Bytes plain_size() const { return index_.summary.plain_size; }
  /// Of the plain bytes, once it is finished; nothing where it does not compress.
  [[nodiscard]] std::optional<Md5Digest> md5() const;

 private:
  void add_frame(ByteSpan plain, std::string& coded);
  void seal(ByteSpan bytes, std::string& coded);

  Compression compression_;
  int level_;
  std::optional<ChunkCipher> cipher_;
  std::string started_;  // the seal's header, until it is written
  std::string frame_;    // plain bytes of a frame that is not full
  std::string chunk_;    // coded bytes of a chunk that is not full, or may be the last one
  std::uint64_t chunks_ = 0;
  std::size_t untried_ = 0;  // frames that are taken for not shrinking
  Md5 md5_;
  FrameIndex index_;
};

/// Less than this is no gain: 95 of 100.
[[nodiscard]] constexpr bool is_gain(Bytes plain, Bytes coded) {
  return coded <= plain - plain / 20;
}

}  // namespace godwit::coding
