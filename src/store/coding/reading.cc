#include "store/coding/reading.h"

#include <algorithm>
#include <utility>

#include "store/etag.h"

namespace godwit::coding {
namespace {

constexpr std::size_t kPiece = 256 * kKiB;
/// So much of the end is read at once, in the hope that the index is in it.
constexpr Bytes kEnd = 16 * kKiB;
/// An object that is replaced while a range of it is looked for is looked for again.
constexpr std::size_t kTries = 3;

/// A stored body, read as plain bytes.
class DecodedBody final : public Body {
 public:
  DecodedBody(const Context& context, std::unique_ptr<Body> stored, const DecodingPlan& plan)
      : context_(context), stored_(std::move(stored)), decoding_(plan) {}

  Task<std::size_t> read(MutableByteSpan into) override {
    while (at_ == plain_.size()) {
      if (decoding_.done()) co_return 0;
      GODWIT_CO_CHECK(context_.check());
      GODWIT_CO_CHECK(co_await go_on());
    }
    const std::size_t count = std::min(into.size(), plain_.size() - at_);
    std::ranges::copy(as_bytes(plain_).subspan(at_, count), into.begin());
    at_ += count;
    co_return count;
  }

 private:
  Task<void> go_on() {
    if (hungry_) {
      std::string piece(kPiece, '\0');
      const MutableByteSpan space = std::as_writable_bytes(std::span(piece));
      GODWIT_CO_TRY(const std::size_t count, co_await stored_->read(space));
      piece.resize(count);
      decoding_.add(std::move(piece));
    }
    plain_.clear();
    at_ = 0;
    auto give = [this] { return decoding_.give(plain_); };
    GODWIT_CO_CHECK(co_await run_blocking(context_.world(), std::move(give)));
    hungry_ = plain_.empty();
    co_return Result<void>();
  }

  Context context_;
  std::unique_ptr<Body> stored_;
  Decoding decoding_;
  std::string plain_;
  std::size_t at_ = 0;
  bool hungry_ = true;
};

std::unexpected<Error> another_version() {
  return fail(Code::precondition_failed, "the object is another version");
}

std::unexpected<Error> damaged(const std::string& what) {
  return fail(Code::corrupted, "the stored object is damaged: " + what);
}

/// Of the coded bytes, which are the stored ones where nothing is sealed.
Result<Bytes> coded_size(const Seen& seen) {
  return seen.mark->seal ? opened_size(seen.stored_size) : Result<Bytes>(seen.stored_size);
}

/// Whether the metadata leave open what only the body's index tells.
bool needs_index(const Mark& mark) {
  return mark.compression != Compression::none && (!mark.size || mark.etag.empty());
}

}  // namespace

std::string token_of_stored(const std::string& stored_etag) {
  // Doubt goes on to who asks.
  return is_doubtful(stored_etag) ? stored_etag : "coded-" + stored_etag;
}

Task<Seen> Reading::head(const Context& context, const std::string& key) {
  GODWIT_CO_TRY(ObjectInfo stored, co_await inner_.head(context, key));
  stored.key = key;
  co_return co_await describe(context, std::move(stored));
}

Task<Seen> Reading::describe(const Context& context, ObjectInfo stored) {
  Seen seen{.info = std::move(stored)};
  seen.stored_etag = seen.info.etag;
  seen.stored_size = seen.info.size;
  GODWIT_CO_TRY(seen.mark, take_mark(keys_, seen.info.metadata));
  if (!seen.mark) co_return seen;
  seen.info.parts.reset();
  seen.info.part_size.reset();
  Mark& mark = *seen.mark;
  if (needs_index(mark)) {
    GODWIT_CO_TRY(const FrameSummary summary, co_await summary_of(context, seen));
    mark.size = summary.plain_size;
    if (mark.etag.empty()) mark.etag = to_hex(summary.md5);
  } else if (mark.compression == Compression::none) {
    GODWIT_CO_TRY(const Bytes size, coded_size(seen));
    if (mark.size && *mark.size != size) co_return damaged("it has another length");
    mark.size = size;
  }
  const bool known = !mark.etag.empty() && !is_doubtful(seen.stored_etag);
  seen.info.etag = known ? mark.etag : token_of_stored(seen.stored_etag);
  seen.info.size = *mark.size;
  co_return seen;
}

Task<GetResult> Reading::get(const Context& context, const std::string& key,
                             const GetOptions& options) {
  if (!options.range) co_return co_await get_whole(context, key, options);
  for (std::size_t tries = 1;; ++tries) {
    Result<GetResult> got = co_await get_range(context, key, options);
    const bool replaced = !got && got.error().code() == Code::precondition_failed;
    if (!replaced || !options.if_match.empty() || tries == kTries) co_return got;
  }
}

Task<GetResult> Reading::get_whole(const Context& context, const std::string& key,
                                   const GetOptions& options) {
  const GetOptions all;
  GODWIT_CO_TRY(GetResult got, co_await inner_.get(context, key, all));
  got.info.key = key;
  ObjectInfo stored = got.info;
  GODWIT_CO_TRY(const std::optional<Mark> mark, take_mark(keys_, got.info.metadata));
  if (!mark) {
    if (!options.if_match.empty() && got.info.etag != options.if_match) co_return another_version();
    co_return got;
  }
  // No connection waits for another one.
  if (needs_index(*mark)) got.body.reset();
  GODWIT_CO_TRY(Seen seen, co_await describe(context, std::move(stored)));
  if (!options.if_match.empty() && seen.info.etag != options.if_match) co_return another_version();
  GODWIT_CO_TRY(const DecodingPlan plan, plan_for(seen));
  if (got.body) {
    got.body = std::make_unique<DecodedBody>(context, std::move(got.body), plan);
  } else {
    GODWIT_CO_TRY(got.body, co_await open(context, seen, plan));
  }
  got.info = std::move(seen.info);
  co_return got;
}

Task<GetResult> Reading::get_range(const Context& context, const std::string& key,
                                   const GetOptions& options) {
  GODWIT_CO_TRY(Seen seen, co_await head(context, key));
  if (!options.if_match.empty() && seen.info.etag != options.if_match) co_return another_version();
  GODWIT_CO_TRY(const ByteRange range, resolve_range(options, seen.info.size));
  if (seen.mark) co_return co_await get_coded(context, seen, range);
  const GetOptions as_it_is{.range = options.range, .if_match = seen.stored_etag};
  GODWIT_CO_TRY(GetResult got, co_await inner_.get(context, key, as_it_is));
  if (got.info.etag != seen.stored_etag) co_return another_version();
  co_return got;
}

Task<GetResult> Reading::get_coded(const Context& context, const Seen& seen,
                                   const ByteRange& range) {
  DecodingPlan plan;
  if (seen.mark->compression == Compression::none) {
    GODWIT_CO_TRY(plan, plan_for(seen, range));
  } else {
    GODWIT_CO_TRY(const FrameIndex index, co_await index_of(context, seen));
    const std::uint64_t first = range.offset / kFrameSize;
    const std::uint64_t end = frames_of(range.offset + range.size);
    const ByteRange frames{index.size_of(0, first), index.size_of(first, end)};
    GODWIT_CO_TRY(plan, plan_for(seen, frames));
    plan.compression = seen.mark->compression;
    plan.skip_plain = range.offset % kFrameSize;
  }
  plan.plain_size = range.size;
  GetResult got{.info = seen.info};
  GODWIT_CO_TRY(got.body, co_await open(context, seen, plan));
  co_return got;
}

/// The stored bytes of a plan, decoded.
Task<std::unique_ptr<Body>> Reading::open(const Context& context, const Seen& seen,
                                          DecodingPlan plan) {
  GetOptions options{.range = plan.stored, .if_match = seen.stored_etag};
  if (plan.whole) options.range.reset();
  GODWIT_CO_TRY(GetResult got, co_await inner_.get(context, seen.info.key, options));
  if (got.info.etag != seen.stored_etag) co_return another_version();
  co_return std::make_unique<DecodedBody>(context, std::move(got.body), plan);
}

Task<std::string> Reading::read_coded(const Context& context, const Seen& seen, ByteRange coded) {
  GODWIT_CO_TRY(DecodingPlan plan, plan_for(seen, coded));
  plan.plain_size = coded.size;
  GODWIT_CO_TRY(const std::unique_ptr<Body> body, co_await open(context, seen, plan));
  co_return co_await read_all(*body, coded.size);
}

Task<std::string> Reading::read_end(const Context& context, const Seen& seen) {
  GODWIT_CO_TRY(const Bytes size, coded_size(seen));
  if (size < kEndSize) co_return damaged("it is too short");
  const Bytes count = std::min(size, kEnd);
  co_return co_await read_coded(context, seen, {size - count, count});
}

Task<FrameSummary> Reading::summary_of(const Context& context, const Seen& seen) {
  const FrameFormat& format = format_of(seen.mark->compression);
  GODWIT_CO_TRY(const std::string end, co_await read_end(context, seen));
  GODWIT_CO_TRY(const std::uint64_t frames, format.frames_at_end(as_bytes(end)));
  GODWIT_CO_TRY(const Bytes size, coded_size(seen));
  const Bytes index = format.index_size(frames);
  if (index > size) co_return damaged("its index is longer than itself");
  ByteRange place = format.summary_place(frames);
  place.offset += size - index;
  const Bytes begin = size - end.size();
  if (place.offset >= begin) {
    co_return format.summary(as_bytes(end).subspan(place.offset - begin, place.size));
  }
  GODWIT_CO_TRY(const std::string bytes, co_await read_coded(context, seen, place));
  co_return format.summary(as_bytes(bytes));
}

Task<FrameIndex> Reading::index_of(const Context& context, const Seen& seen) {
  const FrameFormat& format = format_of(seen.mark->compression);
  GODWIT_CO_TRY(std::string end, co_await read_end(context, seen));
  GODWIT_CO_TRY(const std::uint64_t frames, format.frames_at_end(as_bytes(end)));
  GODWIT_CO_TRY(const Bytes size, coded_size(seen));
  const Bytes wanted = format.index_size(frames);
  if (wanted > size) co_return damaged("its index is longer than itself");
  if (wanted > end.size()) {
    GODWIT_CO_TRY(end, co_await read_coded(context, seen, {size - wanted, wanted}));
  }
  GODWIT_CO_TRY(FrameIndex index, format.index(as_bytes(end).last(wanted)));
  const bool fits =
      index.size_of(0, frames) + wanted == size && index.summary.plain_size == seen.info.size;
  if (!fits) co_return damaged("its index is of another body");
  co_return index;
}

Result<DecodingPlan> Reading::plan_for(const Seen& seen) const {
  DecodingPlan plan{.stored = {0, seen.stored_size},
                    .compression = seen.mark->compression,
                    .plain_size = seen.info.size,
                    .whole = true};
  if (!seen.mark->seal) return plan;
  GODWIT_TRY(const MasterKey* key, keys_->find(seen.mark->seal->key_id));
  GODWIT_TRY(const Bytes size, coded_size(seen));
  plan.seal = seen.mark->seal;
  plan.key = *key;
  plan.header = true;
  plan.chunks = chunks_of(size);
  return plan;
}

/// Of a range of the coded bytes, taken as plain ones.
Result<DecodingPlan> Reading::plan_for(const Seen& seen, ByteRange coded) const {
  GODWIT_TRY(DecodingPlan plan, plan_for(seen));
  plan.whole = false;
  plan.header = false;
  plan.compression = Compression::none;
  plan.stored = coded;
  if (!plan.seal) return plan;
  plan.first_chunk = coded.offset / kChunkSize;
  plan.skip_coded = coded.offset % kChunkSize;
  const Bytes begin = kSealHeader + plan.first_chunk * kSealedChunkSize;
  const Bytes end = kSealHeader + chunks_of(coded.offset + coded.size) * kSealedChunkSize;
  plan.stored = {begin, std::min(end, seen.stored_size) - begin};
  return plan;
}

}  // namespace godwit::coding
