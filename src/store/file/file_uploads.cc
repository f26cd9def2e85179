#include "store/file/file_uploads.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <optional>
#include <utility>

#include "store/file/file_key.h"

namespace godwit::file {
namespace {

constexpr Bytes kLargestList = 4 * kMiB;
constexpr std::string_view kDraftId = "draft-";

/// Ids come back from checkpoints: what is none must not become a path.
bool is_id(std::string_view id) {
  return id.size() == 16 && std::ranges::all_of(id, [](unsigned char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::unexpected<Error> no_upload() { return fail(Code::not_found, "there is no such upload"); }

Result<void> write_text(Disk& disk, const std::string& path, const std::string& text) {
  GODWIT_TRY(const std::unique_ptr<File> file, disk.open(path, OpenMode::write_new));
  return file->write_at(0, as_bytes(text));
}

/// A missing directory has nothing in it.
Result<std::vector<DirectoryEntry>> list_if_there(Disk& disk, const std::string& path) {
  auto entries = disk.list(path);
  if (!entries && entries.error().code() == Code::not_found) return std::vector<DirectoryEntry>();
  return entries;
}

Result<void> remove_if_there(const Result<void>& removed) {
  if (!removed && removed.error().code() != Code::not_found) return removed;
  return {};
}

/// "NUMBER OFFSET SIZE ." of a part that arrived, "NUMBER ." of one that no longer counts. A line
/// that was torn lacks its end.
struct Line {
  std::uint32_t number = 0;  ///< 0: the line says nothing
  std::optional<Bytes> offset;
  Bytes size = 0;
};

Line parse_line(std::string_view text) {
  if (!text.ends_with(" .")) return {};
  const char* stop = text.data() + text.size() - 2;
  std::uint32_t number = 0;
  const auto first = std::from_chars(text.data(), stop, number);
  if (first.ec != std::errc() || first.ptr == stop) return {number, std::nullopt, 0};
  Bytes offset = 0;
  Bytes size = 0;
  const auto second = std::from_chars(first.ptr + 1, stop, offset);
  const auto third = std::from_chars(std::min(second.ptr + 1, stop), stop, size);
  if (third.ec != std::errc() || third.ptr != stop) return {};
  return {number, offset, size};
}

}  // namespace

PartInfo Uploads::info(std::uint32_t number, const Arrived& part) {
  return {number, part.size,
          "p-" + std::to_string(number) + "-" + std::to_string(part.size) + "-" +
              std::to_string(part.line)};
}

std::string Uploads::path_of(const std::string& id, const char* file) const {
  return tree_->own_path("uploads/") + id + file;
}

Result<UploadId> Uploads::create(const std::string& key, std::uint64_t random) const {
  std::array<char, 24> id{};
  std::snprintf(id.data(), id.size(), "%016llx", static_cast<unsigned long long>(random));
  Disk& disk = tree_->disk();
  GODWIT_CHECK(disk.make_directory(path_of(id.data(), ""), Access::owner_only));
  GODWIT_CHECK(write_text(disk, path_of(id.data(), "/data"), ""));
  GODWIT_CHECK(write_text(disk, path_of(id.data(), "/parts"), ""));
  GODWIT_CHECK(write_text(disk, path_of(id.data(), "/key"), key));
  // Parts that are noted and no file with their data would be worse than no upload.
  if (tree_->options().fsync != Fsync::never)
    GODWIT_CHECK(tree_->sync_names(path_of(id.data(), "")));
  return UploadId{key, id.data(), {}};
}

Result<Bytes> Uploads::add_line(const UploadId& upload, const std::string& line, Sync sync) const {
  GODWIT_TRY(const std::unique_ptr<File> file,
             tree_->disk().open(path_of(upload.id, "/parts"), OpenMode::write_existing));
  GODWIT_TRY(const FileStat stat, file->stat());
  std::array<std::byte, 1> last = {std::byte{'\n'}};
  if (stat.size > 0) GODWIT_CHECK(file->read_at(stat.size - 1, last));
  // What a crash tore must not become the beginning of this line.
  const bool torn = last[0] != std::byte{'\n'};
  GODWIT_CHECK(file->write_at(stat.size, as_bytes((torn ? "\n" : "") + line + " .\n")));
  if (sync == Sync::now) GODWIT_CHECK(file->sync());
  return stat.size + (torn ? 1 : 0);
}

Result<std::shared_ptr<File>> Uploads::begin_part(const UploadId& upload, PartPlace place) {
  if (!is_id(upload.id)) return no_upload();
  const std::lock_guard lock(lines_);
  GODWIT_TRY(const auto parts, arrived(upload));
  if (parts.contains(place.number)) {
    const Sync sync = tree_->options().fsync == Fsync::never ? Sync::later : Sync::now;
    GODWIT_CHECK(add_line(upload, std::to_string(place.number), sync));
  }
  return tree_->disk().open(path_of(upload.id, "/data"), OpenMode::write_existing);
}

Result<PartInfo> Uploads::end_part(const UploadId& upload, PartPlace place, Bytes size,
                                   File& file) {
  // A line that outlives a crash must speak of data that do.
  if (tree_->options().fsync != Fsync::never) GODWIT_CHECK(file.sync());
  const std::lock_guard lock(lines_);
  const std::string line = std::to_string(place.number) + " " + std::to_string(place.offset) + " " +
                           std::to_string(size);
  GODWIT_TRY(const Bytes at, add_line(upload, line, Sync::later));
  return info(place.number, {place.offset, size, at});
}

Result<std::map<std::uint32_t, Uploads::Arrived>> Uploads::arrived(const UploadId& upload) const {
  if (!is_id(upload.id)) return no_upload();
  GODWIT_TRY(const std::string text,
             read_file(tree_->disk(), path_of(upload.id, "/parts"), kLargestList));
  std::map<std::uint32_t, Arrived> parts;
  Bytes at = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', at)) {
    const Line line = parse_line(std::string_view(text).substr(at, end - at));
    if (line.offset) parts[line.number] = {*line.offset, line.size, at};
    if (!line.offset) parts.erase(line.number);
    at = end + 1;
  }
  return parts;
}

Result<std::vector<PartInfo>> Uploads::parts(const UploadId& upload) const {
  GODWIT_TRY(const auto found, arrived(upload));
  std::vector<PartInfo> parts;
  for (const auto& [number, part] : found) parts.push_back(info(number, part));
  return parts;
}

/// The data are on stable storage already, so the record and the time get there too before the name
/// does, also where other puts are synced later: a large object is not in doubt with small ones.
Result<void> Uploads::describe(Draft& draft, const PutOptions& options, Bytes size) const {
  GODWIT_CHECK(draft.file->truncate(size));
  draft.synced = tree_->options().fsync == Fsync::batch;
  GODWIT_CHECK(tree_->describe(draft, options, size));
  if (draft.synced) return draft.file->sync();
  return {};
}

Result<PutResult> Uploads::complete(const UploadId& upload, std::span<const PartInfo> wanted,
                                    const PutOptions& options) const {
  GODWIT_TRY(const auto parts, arrived(upload));
  if (wanted.empty()) return fail(Code::invalid_argument, "an upload of no parts is no object");
  Bytes end = 0;
  std::uint32_t before = 0;
  for (const PartInfo& part : wanted) {
    const auto found = parts.find(part.number);
    if (found == parts.end() || info(part.number, found->second).etag != part.etag ||
        found->second.offset != end || part.number <= before) {
      return fail(Code::invalid_argument,
                  "part " + std::to_string(part.number) + " is not the one that arrived");
    }
    end += part.size;
    before = part.number;
  }
  Draft draft;
  draft.disk = &tree_->disk();
  const std::string path = path_of(upload.id, "/data");
  GODWIT_TRY(draft.file, tree_->disk().open(path, OpenMode::write_existing));
  draft.path = path;
  GODWIT_CHECK(describe(draft, options, end));
  Result<PutResult> stored = tree_->commit(draft, upload.key, options);
  // The upload stays for another try unless it was completed.
  if (!stored) draft.path.clear();
  if (stored) (void)remove(upload.id);
  return stored;
}

Result<void> Uploads::remove(const std::string& id) const {
  Disk& disk = tree_->disk();
  if (id.starts_with(kDraftId) && is_id(std::string_view(id).substr(kDraftId.size()))) {
    return remove_if_there(disk.remove_file(tree_->own_path("tmp/" + id.substr(kDraftId.size()))));
  }
  if (!is_id(id)) return {};
  for (const char* name : {"/parts", "/key", "/data"}) {
    GODWIT_CHECK(remove_if_there(disk.remove_file(path_of(id, name))));
  }
  return remove_if_there(disk.remove_directory(path_of(id, "")));
}

Result<std::vector<UploadId>> Uploads::list(const std::string& prefix) const {
  std::vector<UploadId> found;
  Disk& disk = tree_->disk();
  GODWIT_TRY(const auto entries, list_if_there(disk, tree_->own_path("uploads")));
  for (const DirectoryEntry& entry : entries) {
    if (!is_id(entry.name)) continue;
    const std::string path = path_of(entry.name, "/key");
    const Result<std::string> key = read_file(disk, path, kLargestList);
    if (!key && prefix.empty()) {
      // Somebody died while it was made or removed. What is left of it is named by its place.
      const Result<FileStat> stat = disk.stat(path_of(entry.name, ""));
      std::string place(kOwnDirectory);
      place.append("/uploads/").append(entry.name);
      if (stat) found.push_back({place, entry.name, stat->changed});
    }
    if (!key || !key->starts_with(prefix)) continue;
    const Result<FileStat> stat = disk.stat(path);
    // It may be completed at this moment.
    if (stat) found.push_back({*key, entry.name, stat->modified});
  }
  if (prefix.empty()) GODWIT_CHECK(add_drafts(found));
  std::ranges::sort(found, {}, &UploadId::key);
  return found;
}

Result<void> Uploads::add_drafts(std::vector<UploadId>& found) const {
  const std::string directory = tree_->own_path("tmp");
  GODWIT_TRY(const auto drafts, list_if_there(tree_->disk(), directory));
  for (const DirectoryEntry& entry : drafts) {
    // The time that was set last: a draft that is about to be an object has that of its source.
    const Result<FileStat> stat = tree_->disk().stat(directory + "/" + entry.name);
    if (!stat || !is_id(entry.name)) continue;
    found.push_back({std::string(kOwnDirectory) + "/tmp/" + entry.name,
                     std::string(kDraftId) + entry.name, stat->changed});
  }
  return {};
}

}  // namespace godwit::file
