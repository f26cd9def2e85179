#include "sim/source_writer.h"

#include <stdexcept>
#include <utility>

#include "store/file/file_metadata.h"
#include "world/context.h"

namespace godwit::sim {
namespace {

using namespace std::chrono_literals;

/// Times closer than what a comparison takes for equal would be a change that nobody can see.
constexpr Duration kBetweenVersions = 2ms;

/// What cannot fail is a bug of the simulation when it does.
void must(const Result<void>& result) {
  if (!result) throw std::logic_error("the source's writer: " + result.error().to_string());
}

}  // namespace

SourceWriter::SourceWriter(SimWorld& world, const Workload& workload, Store* memory,
                           std::string root, History& history)
    : world_(world),
      workload_(workload),
      memory_(memory),
      root_(std::move(root)),
      history_(history) {}

std::string SourceWriter::draw_key() {
  const std::uint64_t number = below(workload_.keys);
  std::string name = std::to_string(number);
  switch (number % 3) {
    case 0: return "k/" + name;
    case 1: return "d" + std::to_string(number % 4) + "/e/" + name;
    default: return name;
  }
}

Version SourceWriter::draw_version(const std::string& key) {
  constexpr Bytes kSmallest = 8;
  const Bytes size = below(10) == 0 ? 0 : kSmallest + below(workload_.largest);
  const WallTime now = world_.wall_now();
  last_modified_ = memory_ != nullptr ? now : std::max(now, last_modified_ + kBetweenVersions);
  return history_.make_version(key, size, last_modified_);
}

bool SourceWriter::strikes(double share) {
  return share > 0 && sim_storage::strikes([this] { return world_.random(); }, share);
}

asio::awaitable<void> SourceWriter::change() {
  if (memory_ != nullptr) co_return co_await change_memory();
  const SimDisk::Undisturbed others(world_.disk());
  change_file();
}

asio::awaitable<void> SourceWriter::change_memory() {
  const Context context(world_);
  const std::string key = draw_key();
  if (strikes(workload_.removals)) {
    const std::vector<std::string> keys = {key};
    (void)co_await memory_->remove(context, keys);
    if (history_.source().contains(key)) history_.source_lost(key);
    co_return;
  }
  const Version version = draw_version(key);
  Result<PutResult> stored;
  if (version.size > 0 && strikes(workload_.in_parts)) {
    stored = co_await put_in_parts(key, version);
  } else {
    stored = co_await put_whole(key, version);
  }
  if (!stored) throw std::logic_error("a bare store failed: " + stored.error().to_string());
  history_.source_has(key, version);
}

Task<PutResult> SourceWriter::put_whole(std::string key, Version version) {
  const Context context(world_);
  MemoryBody body(body_of(version));
  const Upload upload{&body, version.size};
  PutOptions options;
  options.metadata = metadata_of(version);
  co_return co_await memory_->put(context, key, upload, options);
}

Task<PutResult> SourceWriter::put_in_parts(std::string key, Version version) {
  const Context context(world_);
  PutOptions options;
  options.metadata = metadata_of(version);
  Multipart& multipart = *memory_->multipart();
  GODWIT_CO_TRY(const UploadId upload, co_await multipart.create(context, key, options));
  const std::string bytes = body_of(version);
  const Bytes part_size = version.size / 3 + 1;
  std::vector<PartInfo> parts;
  for (Bytes at = 0; at < bytes.size(); at += part_size) {
    MemoryBody body(bytes.substr(at, part_size));
    const Upload part{&body, std::min<Bytes>(part_size, bytes.size() - at)};
    const PartPlace place{static_cast<std::uint32_t>(parts.size() + 1), at};
    GODWIT_CO_TRY(const PartInfo sent, co_await multipart.put_part(context, upload, place, part));
    parts.push_back(sent);
  }
  co_return co_await multipart.complete(context, upload, parts, options);
}

void SourceWriter::change_file() {
  const std::string key = draw_key();
  const bool there = history_.source().contains(key);
  if (strikes(workload_.removals)) {
    if (!there) return;
    must(remove(key));
    history_.source_lost(key);
    return;
  }
  const Version version = draw_version(key);
  const bool in_place = there && strikes(workload_.edits);
  must(in_place ? edit(key, version) : replace(key, version));
  history_.source_has(key, version);
}

Result<void> SourceWriter::remove(const std::string& key) {
  GODWIT_CHECK(world_.disk().remove_file(root_ + "/" + key));
  return sync_names(key);
}

Result<void> SourceWriter::replace(const std::string& key, const Version& version) {
  SimDisk& disk = world_.disk();
  const std::string path = root_ + "/" + key;
  const std::string draft = root_ + "/.godwit/tmp/of-others";
  GODWIT_CHECK(disk.make_directory(root_ + "/.godwit/tmp", Access::owner_only));
  GODWIT_CHECK(disk.make_directory(path.substr(0, path.find_last_of('/')), Access::shared));
  GODWIT_TRY(const std::unique_ptr<File> file, disk.open(draft, OpenMode::write_new));
  GODWIT_CHECK(fill(*file, version));
  GODWIT_CHECK(disk.rename(draft, path, OnExisting::replace));
  return sync_names(key);
}

Result<void> SourceWriter::edit(const std::string& key, const Version& version) {
  GODWIT_TRY(const std::unique_ptr<File> file,
             world_.disk().open(root_ + "/" + key, OpenMode::write_existing));
  GODWIT_CHECK(file->truncate(version.size));
  return fill(*file, version);
}

Result<void> SourceWriter::fill(File& file, const Version& version) {
  GODWIT_CHECK(file.write_at(0, as_bytes(body_of(version))));
  const file::Record record{.metadata = metadata_of(version),
                            .content_etag = {},
                            .size = version.size,
                            .modified = version.modified};
  GODWIT_CHECK(file.set_attribute(file::kAttribute, file::encode(record)));
  GODWIT_CHECK(file.set_modified(version.modified));
  return file.sync();
}

/// The source is not what may be lost.
Result<void> SourceWriter::sync_names(const std::string& key) {
  std::string path = root_ + "/" + key;
  while (path.size() > 1) {
    const std::size_t slash = path.find_last_of('/');
    path.resize(std::max<std::size_t>(slash, 1));
    GODWIT_CHECK(world_.disk().sync_directory(path));
  }
  return {};
}

}  // namespace godwit::sim
