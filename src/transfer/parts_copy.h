#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "transfer/bandwidth.h"
#include "transfer/checkpoint.h"
#include "transfer/copy.h"
#include "transfer/part_layout.h"

namespace godwit::transfer {

/// What a Copier lends to the copy of one object in parts.
struct PartsCopyNeeds {
  StorePair stores;
  const TransferOptions& options;
  CopyResources resources;
  BandwidthLimiter& bandwidth;
  /// An upload to go on from, whose parts need no proof; null: perhaps there is a checkpoint.
  const UploadState* begun;
  const Precondition& replaced;
};

/// The metadata, time and content token that a copy of `info` is put with.
[[nodiscard]] PutOptions put_options_for(const StorePair& stores, const ObjectInfo& info,
                                         const Annotate* annotate);

/// Copies one object in parts, at the source's own part boundaries where it has some, so that
/// the target computes the very ETag of the source, which proves the copy.
///
/// Goes on from a checkpoint of the same source version. A transient failure leaves the upload
/// and its checkpoint for the next try or the next run; any other aborts it.
/// An upload that somebody freed meanwhile is such a failure: the next try begins a new one.
/// Failure and effect: as Copier::copy.
[[nodiscard]] Task<Bytes> copy_in_parts(const Context& context, const PartsCopyNeeds& needs,
                                        const std::string& source_key,
                                        const std::string& target_key);

}  // namespace godwit::transfer
