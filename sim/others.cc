#include "sim/others.h"

#include <array>
#include <cstdio>
#include <utility>

#include "store/file/file_metadata.h"

namespace godwit::sim {
namespace {

using namespace std::chrono_literals;

Metadata of_nobody() { return metadata_of({.number = 1'000'000, .size = 0, .modified = {}}); }

}  // namespace

Task<std::set<std::string>> Others::damage(Store& store, const Contents& there) {
  const SimDisk::Undisturbed others(world_.disk());
  std::set<std::string> keys;
  for (const auto& [key, found] : there) {
    if (found.bytes.empty() || below(6) != 0) continue;
    keys.insert(key);
    rotten_.erase(key);
    GODWIT_CO_CHECK(co_await damage_one(store, key, found));
  }
  (void)world_.disk().sync_all("/");
  co_return keys;
}

Task<void> Others::damage_one(Store& store, std::string key, Found found) {
  if (kind_ == Kind::memory) co_return co_await damage_put(store, key, std::move(found));
  if (below(5) == 0) co_return co_await remove(store, key);
  co_return damage_in_place(key, found);
}

Task<void> Others::remove(Store& store, std::string key) {
  const std::vector<std::string> keys = {std::move(key)};
  GODWIT_CO_TRY(const auto removed, co_await store.remove(context_, keys));
  co_return removed.front();
}

Task<void> Others::damage_put(Store& store, std::string key, Found found) {
  PutOptions options;
  options.metadata = found.metadata;
  switch (below(4)) {
    case 0: co_return co_await remove(store, key);
    case 1: found.bytes[below(found.bytes.size())] ^= 1; break;
    case 2: found.bytes.pop_back(); break;
    default: options.metadata = of_nobody(); break;
  }
  const Bytes size = found.bytes.size();
  MemoryBody body(std::move(found.bytes));
  const Upload upload{&body, size};
  GODWIT_CO_CHECK(co_await store.put(context_, key, upload, options));
  co_return Result<void>();
}

Result<void> Others::damage_in_place(const std::string& key, const Found& found) {
  GODWIT_TRY(const std::unique_ptr<File> file,
             world_.disk().open("/target/" + key, OpenMode::write_existing));
  const Bytes at = below(found.bytes.size());
  const std::string byte(1, static_cast<char>(found.bytes[at] ^ 1));
  switch (below(4)) {
    case 0: return file->write_at(at, as_bytes(byte));
    case 1:
      rotten_.insert(key);
      GODWIT_CHECK(file->write_at(at, as_bytes(byte)));
      return file->set_modified(found.modified);
    case 2: return file->truncate(at);
    default: break;
  }
  const file::Record record{.metadata = of_nobody(),
                            .content_etag = {},
                            .size = found.bytes.size(),
                            .modified = found.modified};
  const Result<void> set = file->set_attribute(file::kAttribute, file::encode(record));
  return set || set.error().code() == Code::unsupported ? Result<void>() : set;
}

void Others::remember(const std::set<std::string>& keys, const Contents& now) {
  for (const std::string& key : keys) {
    if (now.contains(key)) damaged_[key] = now.at(key);
  }
}

void Others::forget() {
  damaged_.clear();
  rotten_.clear();
}

bool Others::have_damaged(const std::string& key, const Found& found) const {
  const auto damaged = damaged_.find(key);
  return damaged != damaged_.end() && damaged->second.bytes == found.bytes &&
         damaged->second.metadata == found.metadata;
}

bool Others::have_hidden(const std::string& key, const Found& found) const {
  return rotten_.contains(key) && have_damaged(key, found);
}

Task<void> Others::begin_upload(Store& store) {
  const SimDisk::Undisturbed others(world_.disk());
  const std::string key = "others-" + std::to_string(below(5));
  const PutOptions options;
  Multipart& multipart = *store.multipart();
  GODWIT_CO_TRY(const UploadId upload, co_await multipart.create(context_, key, options));
  MemoryBody body(std::string(1000, 'x'));
  const Upload part{&body, 1000};
  const PartPlace place{1, 0};
  GODWIT_CO_CHECK(co_await multipart.put_part(context_, upload, place, part));
  begun_[upload.id] = world_.wall_now();
  if (kind_ == Kind::memory) co_return Result<void>();
  GODWIT_CO_CHECK(leave_draft());
  co_return world_.disk().sync_all("/");
}

/// About to be put in its place, with the time of its source.
Result<void> Others::leave_draft() {
  std::array<char, 32> name{};
  std::snprintf(name.data(), name.size(), "%016llx",
                static_cast<unsigned long long>(world_.random()));
  const std::string drafts = "/target/.godwit/tmp/";
  GODWIT_CHECK(world_.disk().make_directory(drafts, Access::owner_only));
  GODWIT_TRY(const auto file, world_.disk().open(drafts + name.data(), OpenMode::write_new));
  GODWIT_CHECK(file->set_modified(world_.wall_now() - 24h * 365));
  begun_[std::string("draft-") + name.data()] = world_.wall_now();
  return {};
}

Task<std::vector<UploadId>> Others::uploads(Store& store) {
  const SimDisk::Undisturbed looking(world_.disk());
  const std::string all;
  GODWIT_CO_TRY(std::vector<UploadId> found, co_await store.multipart()->list(context_, all));
  for (UploadId& upload : found) {
    const auto theirs = begun_.find(upload.id);
    if (theirs != begun_.end()) upload.started = theirs->second;
  }
  co_return found;
}

}  // namespace godwit::sim
