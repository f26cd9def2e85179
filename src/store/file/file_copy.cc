#include "store/file/file_copy.h"

#include <algorithm>

namespace godwit::file {

namespace {
constexpr Bytes kStep = 64 * kMiB;
}  // namespace

Result<void> FileCopy::begin() {
  GODWIT_TRY(OpenedFile opened, ends_.source->open(from_.key));
  source_ = std::move(opened.file);
  before_ = opened.stat;
  if (!from_.if_match.empty() && from_.if_match != opened.etag()) {
    return fail(Code::precondition_failed, "the source is another version");
  }
  if (from_.metadata == MetadataFrom::source) {
    options_.modified = before_.modified;
    const std::optional<Record>& record = opened.record;
    if (record) options_.metadata = record->metadata;
    if (record && opened.etag() == record->content_etag) options_.content_etag = opened.etag();
  }
  GODWIT_TRY(draft_, ends_.target->draft(ends_.key, random_));
  return {};
}

Result<bool> FileCopy::step() {
  const Bytes count = std::min(kStep, before_.size - done_);
  if (count > 0) GODWIT_CHECK(draft_.file->copy_from(*source_, done_, count));
  done_ += count;
  return done_ == before_.size;
}

Result<PutResult> FileCopy::commit() {
  GODWIT_TRY(const FileStat after, source_->stat());
  if (after.size != before_.size || after.modified != before_.modified) {
    return fail(Error(Code::precondition_failed, "the source changed while it was copied")
                    .with(Retry::later));
  }
  return ends_.target->commit(draft_, ends_.key, options_);
}

}  // namespace godwit::file
