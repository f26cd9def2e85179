#include "world/disk.h"

#include <algorithm>

namespace godwit {

Result<std::string> read_file(Disk& disk, const std::string& path, Bytes most) {
  GODWIT_TRY(const std::unique_ptr<File> file, disk.open(path, OpenMode::read));
  GODWIT_TRY(const FileStat stat, file->stat());
  if (stat.size > most) {
    return fail(Code::invalid_argument, path + " is over " + format_bytes(most));
  }
  std::string text(stat.size, '\0');
  GODWIT_TRY(const std::size_t count, file->read_at(0, std::as_writable_bytes(std::span(text))));
  text.resize(count);
  return text;
}

Result<std::optional<std::string>> read_file_if_there(Disk& disk, const std::string& path,
                                                      Bytes most) {
  Result<std::string> text = read_file(disk, path, most);
  if (text) return *std::move(text);
  if (text.error().code() == Code::not_found) return std::nullopt;
  return fail(std::move(text).error());
}

Result<std::unique_ptr<File>> replace_file(Disk& disk, const std::string& path, ByteSpan bytes) {
  const std::string fresh = path + ".new";
  // A crash may have left one; it was never looked at.
  (void)disk.remove_file(fresh);
  GODWIT_TRY(std::unique_ptr<File> file, disk.open(fresh, OpenMode::write_new));
  GODWIT_CHECK(file->write_at(0, bytes));
  GODWIT_CHECK(file->sync());
  const auto name_it = [&]() -> Result<void> {
    GODWIT_CHECK(disk.rename(fresh, path, OnExisting::replace));
    return disk.sync_directory(path.substr(0, std::max<std::size_t>(path.find_last_of('/'), 1)));
  };
  if (Result<void> named = name_it(); !named) {
    return fail(std::move(named).error().with(Outcome::unknown));
  }
  return file;
}

}  // namespace godwit
