#include "store/coding/decoding.h"

#include <algorithm>
#include <utility>

namespace godwit::coding {
namespace {

std::unexpected<Error> cut_off() {
  return fail(Error(Code::corrupted, "the stored body ends before it should"));
}

}  // namespace

Decoding::Decoding(const DecodingPlan& plan) : plan_(plan) {
  if (plan.seal) cipher_.emplace(plan.key, *plan.seal);
  if (plan.compression != Compression::none) decoder_ = format_of(plan.compression).decoder();
}

void Decoding::add(std::string stored) {
  ended_ = stored.empty();
  if (stored_.empty()) {
    stored_ = std::move(stored);
  } else {
    stored_ += stored;
  }
}

Result<void> Decoding::give(std::string& plain) {
  GODWIT_CHECK(open_chunks());
  const std::size_t skipped = std::min<Bytes>(coded_.size() - coded_at_, plan_.skip_coded);
  coded_at_ += skipped;
  plan_.skip_coded -= skipped;
  const std::size_t before = plain.size();
  GODWIT_CHECK(decode(plain));
  cut(plain, before);
  if (plan_.whole && decoder_) md5_.update(as_bytes(plain).subspan(before));
  if (!plan_.whole && given_ == plan_.plain_size) done_ = true;
  if (!done_ && ended_ && plain.size() == before) return end();
  return {};
}

/// All that are there as a whole.
Result<void> Decoding::open_chunks() {
  // What is read next needs no more room than what was read before.
  if (coded_at_ == coded_.size()) {
    coded_.clear();
    coded_at_ = 0;
  }
  if (!cipher_) {
    coded_ += std::exchange(stored_, {});
    return {};
  }
  std::size_t at = 0;
  if (plan_.header && (stored_.size() >= kSealHeader || ended_)) {
    if (stored_.substr(0, kSealHeader) != seal_header(*plan_.seal)) {
      return fail(Code::corrupted, "the sealed body begins with another header");
    }
    at = kSealHeader;
    plan_.header = false;
  }
  while (!plan_.header && at < stored_.size()) {
    const std::size_t size = std::min<std::size_t>(stored_.size() - at, kSealedChunkSize);
    if (size < kSealedChunkSize && !ended_) break;
    const bool last = plan_.first_chunk + 1 == plan_.chunks;
    const ByteSpan chunk = as_bytes(stored_).subspan(at, size);
    GODWIT_CHECK(cipher_->open({.number = plan_.first_chunk, .last = last}, chunk, coded_));
    ++plan_.first_chunk;
    at += size;
  }
  stored_.erase(0, at);
  return {};
}

Result<void> Decoding::decode(std::string& plain) {
  if (!decoder_) {
    plain += std::string_view(coded_).substr(coded_at_);
    coded_at_ = coded_.size();
    return {};
  }
  for (const std::size_t before = plain.size(); plain.size() == before;) {
    const ByteSpan rest = as_bytes(coded_).subspan(coded_at_);
    GODWIT_TRY(const std::size_t taken, decoder_->decode(rest, plain));
    coded_at_ += taken;
    if (taken == 0) break;
  }
  // What remains of a frame, or of the index, waits for more at the front.
  if (coded_at_ > 0 && plain.size() < kFrameSize) {
    coded_.erase(0, coded_at_);
    coded_at_ = 0;
  }
  return {};
}

/// To what was asked for.
void Decoding::cut(std::string& plain, std::size_t from) {
  const std::size_t skipped = std::min<Bytes>(plain.size() - from, plan_.skip_plain);
  plain.erase(from, skipped);
  plan_.skip_plain -= skipped;
  if (!plan_.whole && plain.size() - from > plan_.plain_size - given_) {
    plain.resize(from + (plan_.plain_size - given_));
  }
  given_ += plain.size() - from;
}

Result<void> Decoding::end() {
  if (given_ != plan_.plain_size) return cut_off();
  if (cipher_ && plan_.first_chunk != plan_.chunks) return cut_off();
  if (decoder_) {
    if (!decoder_->ended() || !decoder_->at_border()) return cut_off();
    const ByteSpan rest = as_bytes(coded_).subspan(coded_at_);
    GODWIT_TRY(const FrameIndex index, format_of(plan_.compression).index(rest));
    if (index.summary != FrameSummary{.plain_size = given_, .md5 = md5_.finish()}) {
      return fail(Code::corrupted, "the body is another one than its index says");
    }
  }
  done_ = true;
  return {};
}

}  // namespace godwit::coding
