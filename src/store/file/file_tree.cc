#include "store/file/file_tree.h"

#include <array>
#include <cstdio>
#include <utility>

#include "base/checksum.h"
#include "store/file/file_key.h"

namespace godwit::file {
namespace {

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

std::unexpected<Error> no_file(const std::string& what) {
  return fail(Error(Code::not_found, "there is no such object").because_of(what));
}

constexpr Bytes kLargestRecord = 64 * kKiB;

Result<std::string> read_text(Disk& disk, const std::string& path) {
  GODWIT_TRY(const std::unique_ptr<File> file, disk.open(path, OpenMode::read));
  std::string text(kLargestRecord, '\0');
  GODWIT_TRY(const std::size_t count, file->read_at(0, std::as_writable_bytes(std::span(text))));
  text.resize(count);
  return text;
}

}  // namespace

Draft::Draft(Draft&& other) noexcept
    : path(std::exchange(other.path, {})), file(std::move(other.file)), disk(other.disk) {}

Draft::~Draft() {
  if (!path.empty()) (void)disk->remove_file(path);
}

Result<FileStat> Tree::stat(const std::string& key) const {
  GODWIT_TRY(const FileStat found, disk_.stat(path_of(key), Symlinks::do_not_follow));
  if (found.type == FileType::regular) return found;
  if (found.type == FileType::symlink && options_.symlinks == SymlinkPolicy::follow) {
    GODWIT_TRY(const FileStat target, disk_.stat(path_of(key), Symlinks::follow));
    if (target.type == FileType::regular) return target;
  }
  return no_file("it is no regular file");
}

std::optional<Record> Tree::record(const std::string& key) const {
  const auto attribute = disk_.attribute(path_of(key), kAttribute);
  if (attribute) return *attribute ? decode(**attribute) : std::nullopt;
  const auto text = read_text(disk_, sidecar(key));
  return text ? decode(*text) : std::nullopt;
}

Result<ObjectInfo> Tree::info(const std::string& key) const {
  GODWIT_TRY(const FileStat found, stat(key));
  const std::optional<Record> kept = record(key);
  ObjectInfo info;
  info.key = key;
  info.size = found.size;
  info.modified = found.modified;
  info.etag = etag_of(found, kept ? &*kept : nullptr);
  if (kept) info.metadata = kept->metadata;
  return info;
}

Result<std::unique_ptr<File>> Tree::open(const std::string& key) const {
  GODWIT_CHECK(stat(key));
  return disk_.open(path_of(key), OpenMode::read);
}

Result<void> Tree::make_own(const std::string& directory) const {
  return disk_.make_directory(options_.root + "/" + std::string(kOwnDirectory) + "/" + directory);
}

Result<Draft> Tree::draft(std::uint64_t random) const {
  std::array<char, 32> name{};
  std::snprintf(name.data(), name.size(), "%016llx", static_cast<unsigned long long>(random));
  Draft draft;
  const std::string path =
      options_.root + "/" + std::string(kOwnDirectory) + "/tmp/" + std::string(name.data());
  auto file = disk_.open(path, OpenMode::write_new);
  if (!file && file.error().code() == Code::not_found) {
    GODWIT_CHECK(make_own("tmp"));
    file = disk_.open(path, OpenMode::write_new);
  }
  if (!file) return fail(Error(file.error()));
  draft.path = path;
  draft.file = *std::move(file);
  draft.disk = &disk_;
  return draft;
}

std::string Tree::sidecar(const std::string& key) const {
  return options_.root + "/" + std::string(kOwnDirectory) + "/meta/" +
         to_hex(sha256(as_bytes(key)));
}

Result<void> Tree::write_sidecar(const std::string& key, const std::string& text) const {
  GODWIT_CHECK(make_own("meta"));
  const std::string path = sidecar(key);
  (void)disk_.remove_file(path);
  GODWIT_TRY(const std::unique_ptr<File> file, disk_.open(path, OpenMode::write_new));
  GODWIT_CHECK(file->write_at(0, as_bytes(text)));
  if (options_.fsync == Fsync::always) return file->sync();
  return {};
}

void Tree::remove_sidecar(const std::string& key) const {
  if (has_sidecars_) (void)disk_.remove_file(sidecar(key));
}

Result<void> Tree::write_record(File& file, const std::string& key, const Record& record) const {
  const std::string text = encode(record);
  const auto written = file.set_attribute(kAttribute, text);
  if (written || written.error().code() != Code::unsupported) return written;
  has_sidecars_ = true;
  return write_sidecar(key, text);
}

Result<void> Tree::place(Draft& draft, const std::string& key, OnExisting on_existing) const {
  const std::string to = path_of(key);
  Result<void> moved = disk_.rename(draft.path, to, on_existing);
  if (!moved && moved.error().code() == Code::not_found) {
    GODWIT_CHECK(disk_.make_directory(parent_of(to)));
    moved = disk_.rename(draft.path, to, on_existing);
  }
  if (!moved) {
    const auto there = disk_.stat(to, Symlinks::do_not_follow);
    if (there && there->type == FileType::directory) {
      return fail(Code::invalid_argument,
                  "a directory has this name: '" + key + "' cannot be both a file and a prefix");
    }
    return moved;
  }
  draft.path.clear();
  if (options_.fsync == Fsync::always) return disk_.sync_directory(parent_of(to));
  return {};
}

Result<PutResult> Tree::commit(Draft& draft, const std::string& key,
                               const PutOptions& options) const {
  if (options.condition == Condition::matches) {
    return fail(Code::unsupported, "a file system cannot replace a file by its version");
  }
  if (options.modified) GODWIT_CHECK(draft.file->set_modified(*options.modified));
  GODWIT_TRY(FileStat stat, draft.file->stat());
  const Record record{.metadata = options.metadata,
                      .content_etag = options.content_etag,
                      .size = stat.size,
                      .modified = stat.modified};
  if (worth_keeping(record)) {
    GODWIT_CHECK(write_record(*draft.file, key, record));
  } else {
    remove_sidecar(key);
  }
  if (options_.fsync == Fsync::always) GODWIT_CHECK(draft.file->sync());
  const bool exclusive = options.condition == Condition::absent;
  GODWIT_CHECK(place(draft, key, exclusive ? OnExisting::fail : OnExisting::replace));
  return PutResult{etag_of(stat, &record)};
}

Result<PutResult> Tree::copy(const Tree& source, const CopySource& from, const std::string& key,
                             const PutOptions& options, std::uint64_t random) const {
  GODWIT_TRY(const std::unique_ptr<File> file, source.open(from.key));
  GODWIT_TRY(const FileStat before, file->stat());
  const std::optional<Record> record = source.record(from.key);
  const std::string etag = etag_of(before, record ? &*record : nullptr);
  if (!from.if_match.empty() && from.if_match != etag) {
    return fail(Code::precondition_failed, "the source is another version");
  }
  GODWIT_TRY(Draft copy, draft(random));
  GODWIT_CHECK(copy.file->copy_from(*file, 0, before.size));
  GODWIT_TRY(const FileStat after, file->stat());
  if (after.size != before.size || after.modified != before.modified) {
    return fail(Error(Code::precondition_failed, "the source changed while it was copied")
                    .with(Retry::later));
  }
  PutOptions put = options;
  if (from.metadata == MetadataFrom::source) {
    if (record) put.metadata = record->metadata;
    put.modified = before.modified;
    if (record && etag == record->content_etag) put.content_etag = etag;
  }
  return commit(copy, key, put);
}

Result<void> Tree::remove(const std::string& key) const {
  const Result<FileStat> there = stat(key);
  if (!there && there.error().code() == Code::not_found) return {};
  if (!there) return fail(Error(there.error()));
  const std::string path = path_of(key);
  const Result<void> removed = disk_.remove_file(path);
  if (!removed && removed.error().code() != Code::not_found) return removed;
  remove_sidecar(key);
  std::string directory = parent_of(path);
  if (options_.fsync == Fsync::always) (void)disk_.sync_directory(directory);
  while (directory.size() > options_.root.size() && disk_.remove_directory(directory)) {
    directory = parent_of(directory);
  }
  return {};
}

}  // namespace godwit::file
