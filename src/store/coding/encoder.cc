#include "store/coding/encoder.h"

#include <algorithm>

namespace godwit::coding {
namespace {

/// After a frame that did not shrink, so many are not tried.
constexpr std::size_t kUntried = 7;

}  // namespace

Encoder::Encoder(const Coding& coding) : compression_(coding.compression), level_(coding.level) {
  if (!coding.seal) return;
  cipher_.emplace(coding.key, *coding.seal);
  started_ = seal_header(*coding.seal);
}

void Encoder::add(ByteSpan plain, std::string& coded) {
  index_.summary.plain_size += plain.size();
  if (compression_ == Compression::none) {
    seal(plain, coded);
    return;
  }
  md5_.update(plain);
  while (!plain.empty()) {
    const ByteSpan next = plain.first(std::min(plain.size(), kFrameSize - frame_.size()));
    plain = plain.subspan(next.size());
    if (next.size() == kFrameSize) {
      add_frame(next, coded);
      continue;
    }
    frame_ += as_text(next);
    if (frame_.size() < kFrameSize) continue;
    add_frame(as_bytes(frame_), coded);
    frame_.clear();
  }
}

void Encoder::add_frame(ByteSpan plain, std::string& coded) {
  const bool tried = untried_ == 0;
  const std::string frame = format_of(compression_).encode(plain, tried ? level_ : 0);
  if (!tried) --untried_;
  if (tried && !is_gain(plain.size(), frame.size())) untried_ = kUntried;
  index_.coded_sizes.push_back(static_cast<std::uint32_t>(frame.size()));
  seal(as_bytes(frame), coded);
}

void Encoder::finish(std::string& coded) {
  if (compression_ != Compression::none) {
    if (!frame_.empty()) add_frame(as_bytes(frame_), coded);
    index_.summary.md5 = md5_.finish();
    seal(as_bytes(format_of(compression_).encode(index_)), coded);
  }
  if (!cipher_) return;
  coded += started_;
  cipher_->seal({.number = chunks_, .last = true}, as_bytes(chunk_), coded);
}

/// A chunk is sealed when there is more behind it.
void Encoder::seal(ByteSpan bytes, std::string& coded) {
  if (!cipher_) {
    coded += as_text(bytes);
    return;
  }
  coded += started_;
  started_.clear();
  while (!bytes.empty()) {
    if (chunk_.size() == kChunkSize) {
      cipher_->seal({.number = chunks_++, .last = false}, as_bytes(chunk_), coded);
      chunk_.clear();
    }
    const ByteSpan next = bytes.first(std::min(bytes.size(), kChunkSize - chunk_.size()));
    chunk_ += as_text(next);
    bytes = bytes.subspan(next.size());
  }
}

std::optional<Md5Digest> Encoder::md5() const {
  if (compression_ == Compression::none) return std::nullopt;
  return index_.summary.md5;
}

}  // namespace godwit::coding
