#include "store/rocksdb/uploads.h"

#include <functional>
#include <ranges>
#include <utility>

namespace godwit::rocks {
namespace {

std::unexpected<Error> no_such_upload() { return fail(Code::not_found, "there is no such upload"); }

/// Calls `take` for each row of `range`, page by page. Failure: of reading, and of `take`.
template <class F>
Result<void> each_row(kv::Database& database, kv::Range range, F take) {
  range.most = Bodies::kAtOnce;
  for (;;) {
    GODWIT_TRY(const std::vector<kv::Row> rows, database.scan(range));
    if (rows.empty()) return {};
    for (const kv::Row& row : rows) GODWIT_CHECK(take(row));
    range.first = rows.back().key + '\0';
  }
}

}  // namespace

std::mutex& Uploads::lock_of(const std::string& id) {
  return locks_[std::hash<std::string>()(id) % kStripes];
}

Result<void> Uploads::create(const std::string& id, const UploadRow& upload) {
  kv::Batch batch;
  batch.put(upload_row(id), encode(upload));
  return database_.write(batch, kv::Durability::later);
}

Result<void> Uploads::check(const UploadId& upload) const {
  GODWIT_TRY(const auto row, database_.get(upload_row(upload.id)));
  if (!row) return no_such_upload();
  GODWIT_TRY(const UploadRow found, decode_upload(*row));
  if (found.key != upload.key) return no_such_upload();
  return {};
}

// Not synced: a power loss that takes a part takes it from `parts` too, and `complete` syncs all.
Result<PartInfo> Uploads::commit(const UploadId& upload, std::uint32_t number, const Draft& draft,
                                 const Description& description) {
  const std::lock_guard lock(lock_of(upload.id));
  GODWIT_CHECK(check(upload));
  const std::string row = part_row(upload.id, number);
  GODWIT_TRY(const auto before, database_.get(row));
  Header old;
  if (before) {
    GODWIT_TRY(old, decode_header(*before));
  }
  Header part = Objects::header_of({}, description);
  part.size = draft.run.size;
  part.runs.push_back(draft.run);
  kv::Batch batch;
  Bodies::finish(batch, draft);
  batch.put(row, encode(part));
  Bodies::disown(batch, old.runs);
  GODWIT_CHECK(database_.write(batch, kv::Durability::later));
  bodies_.retire(old.runs);
  return PartInfo{number, part.size, part.etag};
}

Result<Uploads::Parts> Uploads::read_parts(const std::string& id) const {
  Parts parts;
  kv::Range range;
  range.first = part_rows(id);
  range.end = behind(range.first);
  const auto take = [&parts](const kv::Row& row) -> Result<void> {
    GODWIT_TRY(parts[number_of_part(row.key)], decode_header(row.value));
    return {};
  };
  GODWIT_CHECK(each_row(database_, range, take));
  return parts;
}

Result<std::vector<PartInfo>> Uploads::parts(const UploadId& upload) const {
  GODWIT_CHECK(check(upload));
  GODWIT_TRY(const Parts parts, read_parts(upload.id));
  std::vector<PartInfo> arrived;
  for (const auto& [number, part] : parts) arrived.push_back({number, part.size, part.etag});
  return arrived;
}

Objects::Along Uploads::end_of(const std::string& id, const Parts& unowned) {
  Objects::Along along;
  along.batch.erase(upload_row(id));
  along.batch.erase_range(part_rows(id), behind(part_rows(id)));
  for (const Header& part : std::views::values(unowned)) {
    Bodies::disown(along.batch, part.runs);
    along.retired.insert(along.retired.end(), part.runs.begin(), part.runs.end());
  }
  return along;
}

Result<PutResult> Uploads::complete(const UploadId& upload, std::span<const PartInfo> wanted,
                                    const PutOptions& options, const Description& description) {
  const std::lock_guard lock(lock_of(upload.id));
  GODWIT_CHECK(check(upload));
  GODWIT_CHECK(check_parts(wanted));
  GODWIT_TRY(Parts parts, read_parts(upload.id));
  Header header = Objects::header_of(options, description);
  for (const PartInfo& part : wanted) {
    const auto found = parts.find(part.number);
    if (found == parts.end() || found->second.etag != part.etag) {
      return fail(Code::invalid_argument,
                  "part " + std::to_string(part.number) + " is not the one that arrived");
    }
    header.size += found->second.size;
    for (const Run& run : found->second.runs) {
      if (run.size > 0) header.runs.push_back(run);
    }
    parts.erase(found);
  }
  return objects_.replace(upload.key, header, options, end_of(upload.id, parts));
}

Result<void> Uploads::remove(const UploadId& upload) {
  const std::lock_guard lock(lock_of(upload.id));
  const Result<void> there = check(upload);
  if (!there) return there.error().code() == Code::not_found ? Result<void>() : there;
  GODWIT_TRY(const Parts parts, read_parts(upload.id));
  const Objects::Along along = end_of(upload.id, parts);
  GODWIT_CHECK(database_.write(along.batch, kv::Durability::later));
  bodies_.retire(along.retired);
  return {};
}

Result<std::vector<UploadId>> Uploads::list(const std::string& prefix) const {
  std::vector<UploadId> open;
  kv::Range range;
  range.first = kUploads;
  range.end = behind(kUploads);
  const auto take = [&](const kv::Row& row) -> Result<void> {
    GODWIT_TRY(UploadRow upload, decode_upload(row.value));
    if (!upload.key.starts_with(prefix)) return {};
    open.push_back({std::move(upload.key), row.key.substr(1), upload.started});
    return {};
  };
  GODWIT_CHECK(each_row(database_, range, take));
  return open;
}

}  // namespace godwit::rocks
