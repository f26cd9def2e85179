#include "store/file/file_multipart.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <map>
#include <utility>

#include "store/file/file_key.h"
#include "store/file/file_receive.h"

namespace godwit::file {
namespace {

constexpr Bytes kLargestList = 4 * kMiB;

std::string uploads_of(const Tree& tree) {
  return tree.options().root + "/" + std::string(kOwnDirectory) + "/uploads";
}
std::string directory_of(const Tree& tree, const std::string& id) {
  return uploads_of(tree) + "/" + id;
}

/// Ids come back from checkpoints: what is none must not become a path.
bool is_id(const std::string& id) {
  return id.size() == 16 && std::ranges::all_of(id, [](unsigned char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::unexpected<Error> no_upload() { return fail(Code::not_found, "there is no such upload"); }

Result<std::string> read_text(Disk& disk, const std::string& path) {
  GODWIT_TRY(const std::unique_ptr<File> file, disk.open(path, OpenMode::read));
  GODWIT_TRY(const FileStat stat, file->stat());
  if (stat.size > kLargestList) return fail(Code::corrupted, path + " is too large");
  std::string text(stat.size, '\0');
  GODWIT_TRY(const std::size_t count, file->read_at(0, std::as_writable_bytes(std::span(text))));
  text.resize(count);
  return text;
}

Result<void> write_text(Disk& disk, const std::string& path, const std::string& text) {
  GODWIT_TRY(const std::unique_ptr<File> file, disk.open(path, OpenMode::write_new));
  return file->write_at(0, as_bytes(text));
}

Result<UploadId> create_upload(const Tree& tree, const std::string& key, std::uint64_t random) {
  std::array<char, 24> id{};
  std::snprintf(id.data(), id.size(), "%016llx", static_cast<unsigned long long>(random));
  const std::string directory = directory_of(tree, id.data());
  GODWIT_CHECK(tree.disk().make_directory(directory));
  GODWIT_CHECK(write_text(tree.disk(), directory + "/data", ""));
  GODWIT_CHECK(write_text(tree.disk(), directory + "/parts", ""));
  GODWIT_CHECK(write_text(tree.disk(), directory + "/key", key));
  return UploadId{key, id.data(), {}};
}

/// One line: "NUMBER OFFSET SIZE". A torn last line does not count.
Result<void> note_part(const Tree& tree, const UploadId& upload, PartPlace place, Bytes size) {
  const std::string path = directory_of(tree, upload.id) + "/parts";
  GODWIT_TRY(const std::unique_ptr<File> file, tree.disk().open(path, OpenMode::write_existing));
  GODWIT_TRY(const FileStat stat, file->stat());
  const std::string line = std::to_string(place.number) + " " + std::to_string(place.offset) + " " +
                           std::to_string(size) + "\n";
  return file->write_at(stat.size, as_bytes(line));
}

struct Arrived {
  Bytes offset = 0;
  Bytes size = 0;
};

Result<std::map<std::uint32_t, Arrived>> arrived_parts(const Tree& tree, const UploadId& upload) {
  if (!is_id(upload.id)) return no_upload();
  GODWIT_TRY(const std::string text,
             read_text(tree.disk(), directory_of(tree, upload.id) + "/parts"));
  std::map<std::uint32_t, Arrived> parts;
  std::string_view rest = text;
  for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    std::uint32_t number = 0;
    Arrived part;
    const char* at = rest.data();
    const char* stop = rest.data() + end;
    const auto first = std::from_chars(at, stop, number);
    const auto second = std::from_chars(std::min(first.ptr + 1, stop), stop, part.offset);
    const auto third = std::from_chars(std::min(second.ptr + 1, stop), stop, part.size);
    if (third.ec == std::errc() && third.ptr == stop && number > 0) parts[number] = part;
    rest.remove_prefix(end + 1);
  }
  return parts;
}

Result<void> remove_upload(const Tree& tree, const std::string& id) {
  if (!is_id(id)) return {};
  const std::string directory = directory_of(tree, id);
  for (const char* name : {"/parts", "/key", "/data"}) {
    const Result<void> removed = tree.disk().remove_file(directory + name);
    if (!removed && removed.error().code() != Code::not_found) return removed;
  }
  const Result<void> removed = tree.disk().remove_directory(directory);
  if (!removed && removed.error().code() != Code::not_found) return removed;
  return {};
}

std::string token_of(std::uint32_t number, const Arrived& part) {
  return "p-" + std::to_string(number) + "-" + std::to_string(part.size);
}

Result<PutResult> complete_upload(const Tree& tree, const UploadId& upload,
                                  const std::vector<PartInfo>& wanted, const PutOptions& options) {
  GODWIT_TRY(const auto arrived, arrived_parts(tree, upload));
  Bytes end = 0;
  for (const PartInfo& part : wanted) {
    const auto found = arrived.find(part.number);
    if (found == arrived.end() || token_of(part.number, found->second) != part.etag ||
        found->second.offset != end) {
      return fail(Code::invalid_argument,
                  "part " + std::to_string(part.number) + " is not the one that arrived");
    }
    end += part.size;
  }
  Draft draft;
  draft.disk = &tree.disk();
  const std::string path = directory_of(tree, upload.id) + "/data";
  GODWIT_TRY(draft.file, tree.disk().open(path, OpenMode::write_existing));
  GODWIT_CHECK(draft.file->truncate(end));
  draft.path = path;
  Result<PutResult> stored = tree.commit(draft, upload.key, options);
  // The upload stays for another try unless it was completed.
  if (!stored) draft.path.clear();
  if (stored) (void)remove_upload(tree, upload.id);
  return stored;
}

Result<std::vector<UploadId>> list_uploads(const Tree& tree, const std::string& prefix) {
  std::vector<UploadId> found;
  auto entries = tree.disk().list(uploads_of(tree));
  if (!entries && entries.error().code() == Code::not_found) return found;
  if (!entries) return fail(Error(entries.error()));
  for (const DirectoryEntry& entry : *entries) {
    const std::string path = uploads_of(tree) + "/" + entry.name + "/key";
    const Result<std::string> key = read_text(tree.disk(), path);
    if (!key || !key->starts_with(prefix)) continue;
    GODWIT_TRY(const FileStat stat, tree.disk().stat(path, Symlinks::do_not_follow));
    found.push_back({*key, entry.name, stat.modified});
  }
  std::ranges::sort(found, {}, &UploadId::key);
  return found;
}

}  // namespace

Task<UploadId> FileMultipart::create(const Context& context, const std::string& key,
                                     const PutOptions&) {
  GODWIT_CO_CHECK(context.check());
  GODWIT_CO_CHECK(check_key(key));
  auto work = [tree = tree_, key, random = world_.random()] {
    return create_upload(*tree, key, random);
  };
  co_return co_await run_blocking(world_, std::move(work));
}

Task<PartInfo> FileMultipart::put_part(const Context& context, const UploadId& upload,
                                       PartPlace place, Upload part) {
  if (!is_id(upload.id)) co_return no_upload();
  auto open = [tree = tree_, id = upload.id]() -> Result<std::shared_ptr<File>> {
    return tree->disk().open(directory_of(*tree, id) + "/data", OpenMode::write_existing);
  };
  GODWIT_CO_TRY(const std::shared_ptr<File> file, co_await run_blocking(world_, std::move(open)));
  GODWIT_CO_CHECK(co_await receive_into(context, *file, place.offset, part));
  auto note = [tree = tree_, notes = notes_, file, upload, place,
               size = part.size]() -> Result<void> {
    if (tree->options().fsync == Fsync::always) GODWIT_CHECK(file->sync());
    const std::lock_guard lock(*notes);
    return note_part(*tree, upload, place, size);
  };
  GODWIT_CO_CHECK(co_await run_blocking(world_, std::move(note)));
  co_return PartInfo{place.number, part.size, token_of(place.number, {place.offset, part.size})};
}

Task<PartInfo> FileMultipart::copy_part(const Context& context, const UploadId& upload,
                                        PartPlace place, const CopySource& source) {
  GetOptions options;
  options.range = source.range;
  options.if_match = source.if_match;
  GODWIT_CO_TRY(GetResult got, co_await source.store->get(context, source.key, options));
  const Upload part{got.body.get(), source.range ? source.range->size : got.info.size};
  co_return co_await put_part(context, upload, place, part);
}

Task<std::vector<PartInfo>> FileMultipart::parts(const Context& context, const UploadId& upload) {
  GODWIT_CO_CHECK(context.check());
  auto work = [tree = tree_, upload] { return arrived_parts(*tree, upload); };
  GODWIT_CO_TRY(const auto arrived, co_await run_blocking(world_, std::move(work)));
  std::vector<PartInfo> parts;
  for (const auto& [number, part] : arrived) {
    parts.push_back({number, part.size, token_of(number, part)});
  }
  co_return parts;
}

Task<PutResult> FileMultipart::complete(const Context& context, const UploadId& upload,
                                        std::span<const PartInfo> parts,
                                        const PutOptions& options) {
  GODWIT_CO_CHECK(context.check());
  auto work = [tree = tree_, upload, wanted = std::vector(parts.begin(), parts.end()), options] {
    return complete_upload(*tree, upload, wanted, options);
  };
  co_return co_await run_blocking(world_, std::move(work));
}

Task<void> FileMultipart::abort(const Context&, const UploadId& upload) {
  auto work = [tree = tree_, id = upload.id] { return remove_upload(*tree, id); };
  co_return co_await run_blocking(world_, std::move(work));
}

Task<std::vector<UploadId>> FileMultipart::list(const Context& context, const std::string& prefix) {
  GODWIT_CO_CHECK(context.check());
  auto work = [tree = tree_, prefix] { return list_uploads(*tree, prefix); };
  co_return co_await run_blocking(world_, std::move(work));
}

}  // namespace godwit::file
