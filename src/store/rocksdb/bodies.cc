#include "store/rocksdb/bodies.h"

#include <algorithm>
#include <utility>

namespace godwit::rocks {
namespace {

constexpr std::uint64_t kReserve = 1024;
/// Up to here each chunk is erased by itself: ranges make later reads dearer.
constexpr std::uint32_t kFewChunks = 16;

std::uint32_t chunks_of(Bytes size) {
  return static_cast<std::uint32_t>((size + kChunk - 1) / kChunk);
}

void erase_chunks(kv::Batch& batch, const Run& run) {
  const std::uint32_t count = chunks_of(run.size);
  if (count > kFewChunks) {
    batch.erase_range(chunk_row(run.number, 0), chunk_row(run.number + 1, 0));
    return;
  }
  for (std::uint32_t i = 0; i < count; ++i) batch.erase(chunk_row(run.number, i));
}

}  // namespace

Result<void> Bodies::sweep() {
  GODWIT_TRY(const auto numbers, database_.get(kNumbersRow));
  if (numbers) {
    GODWIT_TRY(next_, decode_number(*numbers));
  }
  reserved_ = next_;
  kv::Range range;
  range.first = kUnowned;
  range.end = behind(kUnowned);
  range.most = kAtOnce;
  for (;;) {
    GODWIT_TRY(const std::vector<kv::Row> rows, database_.scan(range));
    if (rows.empty()) return {};
    kv::Batch batch;
    for (const kv::Row& row : rows) {
      const std::uint64_t number = number_of_unowned(row.key);
      batch.erase_range(chunk_row(number, 0), chunk_row(number + 1, 0));
      batch.erase(row.key);
    }
    GODWIT_CHECK(database_.write(batch, kv::Durability::later));
  }
}

Result<Draft> Bodies::draft() {
  const std::lock_guard lock(numbers_);
  if (next_ == reserved_) {
    // A power loss may take the reservation, but then also all that was written under its numbers.
    kv::Batch batch;
    batch.put(kNumbersRow, encode_number(reserved_ + kReserve));
    GODWIT_CHECK(database_.write(batch, kv::Durability::later));
    reserved_ += kReserve;
  }
  Draft draft;
  draft.run.number = next_++;
  return draft;
}

Result<void> Bodies::append(Draft& draft, std::string bytes) {
  if (!draft.last.empty()) {
    kv::Batch batch;
    if (!draft.marked) batch.put(unowned_row(draft.run.number), {});
    batch.put(chunk_row(draft.run.number, chunks_of(draft.run.size) - 1), std::move(draft.last));
    draft.last.clear();
    draft.marked = true;
    GODWIT_CHECK(database_.write(batch, kv::Durability::later));
  }
  draft.run.size += bytes.size();
  draft.last = std::move(bytes);
  return {};
}

void Bodies::finish(kv::Batch& batch, const Draft& draft) {
  if (!draft.last.empty()) {
    batch.put(chunk_row(draft.run.number, chunks_of(draft.run.size) - 1), draft.last);
  }
  if (draft.marked) batch.erase(unowned_row(draft.run.number));
}

void Bodies::discard(const Draft& draft) {
  if (draft.marked) free({draft.run});
}

void Bodies::disown(kv::Batch& batch, const std::vector<Run>& runs) {
  for (const Run& run : runs) batch.put(unowned_row(run.number), {});
}

void Bodies::retire(const std::vector<Run>& runs) {
  std::vector<Run> unread;
  {
    const std::lock_guard lock(pins_);
    unread.swap(left_);
    for (const Run& run : runs) {
      const auto found = pinned_.find(run.number);
      if (found == pinned_.end()) {
        unread.push_back(run);
      } else {
        found->second.retired = true;
      }
    }
  }
  free(unread);
}

void Bodies::free(const std::vector<Run>& runs) {
  if (runs.empty()) return;
  kv::Batch batch;
  for (const Run& run : runs) {
    erase_chunks(batch, run);
    batch.erase(unowned_row(run.number));
  }
  (void)database_.write(batch, kv::Durability::later);
}

void Bodies::pin(const std::vector<Run>& runs) {
  const std::lock_guard lock(pins_);
  for (const Run& run : runs) ++pinned_[run.number].readers;
}

void Bodies::unpin(const std::vector<Run>& runs) {
  const std::lock_guard lock(pins_);
  for (const Run& run : runs) {
    const auto found = pinned_.find(run.number);
    if (--found->second.readers > 0) continue;
    if (found->second.retired) left_.push_back(run);
    pinned_.erase(found);
  }
}

Result<std::string> Bodies::chunk(const Run& run, std::uint32_t index) {
  GODWIT_TRY(auto bytes, database_.get(chunk_row(run.number, index)));
  const Bytes size = std::min<Bytes>(kChunk, run.size - index * kChunk);
  if (bytes && bytes->size() == size) return *std::move(bytes);
  return fail(Code::corrupted, "chunk " + std::to_string(index) + " of body " +
                                   std::to_string(run.number) + " is not there or not whole");
}

}  // namespace godwit::rocks
