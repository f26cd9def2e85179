#include "transfer/comparison.h"

#include <chrono>

#include "store/etag.h"
#include "transfer/part_layout.h"

namespace godwit::transfer {
namespace {

/// File systems and protocols keep times to different fractions; finer differences mean nothing.
constexpr Duration kTimePrecision = std::chrono::milliseconds(1);

}  // namespace

Verdict compare_tokens(std::string_view source, std::string_view target, Bytes size) {
  const auto a = ContentEtag::parse(source);
  const auto b = ContentEtag::parse(target);
  if (!a || !b) return Verdict::unproven;
  if (source == target) return Verdict::same;
  if (a->parts != b->parts) return Verdict::unproven;
  if (a->parts <= 1) return Verdict::different;
  // As many parts, another digest: other bytes, unless the parts were cut elsewhere. They were
  // not where only one usual part size gives that count.
  return guess_part_sizes(size, a->parts).size() == 1 ? Verdict::different : Verdict::unproven;
}

Comparison::Comparison(const Capabilities& source, const Capabilities& target)
    : tokens_compare_(source.list_has_etag && source.etag_is_md5 && target.list_has_etag &&
                      target.etag_is_md5),
      times_are_kept_(source.keeps_modified && target.keeps_modified) {}

Verdict Comparison::content(const ListEntry& source, const ListEntry& target) const {
  if (source.size != target.size) return Verdict::different;
  if (is_doubtful(source.etag) || is_doubtful(target.etag)) return Verdict::unproven;
  if (source.size == 0) return Verdict::same;
  if (!tokens_compare_) return Verdict::unproven;
  return compare_tokens(source.etag, target.etag, source.size);
}

bool Comparison::older(const ListEntry& source, const ListEntry& target) const {
  const Duration lead = source.modified - target.modified;
  if (times_are_kept_) return lead > kTimePrecision || -lead > kTimePrecision;
  return lead > kTimePrecision;
}

bool Comparison::needs_copy(const ListEntry& source, const ListEntry& target, Compare mode) const {
  if (source.size != target.size || is_doubtful(target.etag)) return true;
  if (mode == Compare::size_only) return false;
  if (mode == Compare::time) return older(source, target);
  switch (content(source, target)) {
    case Verdict::same: return false;
    case Verdict::different: return true;
    case Verdict::unproven: break;
  }
  return older(source, target);
}

}  // namespace godwit::transfer
