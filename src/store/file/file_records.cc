#include "store/file/file_records.h"

#include <array>
#include <cstdio>

#include "base/checksum.h"

namespace godwit::file {
namespace {

constexpr Bytes kLargestRecord = 64 * kKiB;

}  // namespace

Result<std::optional<Record>> Records::read(const std::string& key, const FileStat& file,
                                            const std::optional<std::string>& attribute) const {
  if (attribute) return decode(*attribute);
  if (!has_sidecars()) return std::nullopt;
  GODWIT_TRY(const std::optional<std::string> text,
             read_file_if_there(disk_, sidecar(key, file.inode), kLargestRecord));
  std::optional<Record> record = text ? decode(*text) : std::nullopt;
  // Inode numbers are used again.
  const bool of_this_version =
      record && record->size == file.size && record->modified == file.modified;
  return of_this_version ? record : std::nullopt;
}

Result<void> Records::write(File& file, const std::string& key, const FileStat& stat,
                            const Record& record, bool durable) const {
  const std::string text = encode(record);
  if (text.size() > kLargestRecord) {
    return fail(Code::invalid_argument, "its metadata are over 64 KiB");
  }
  const auto written = file.set_attribute(kAttribute, text);
  if (written || written.error().code() != Code::unsupported) return written;
  return write_sidecar(sidecar(key, stat.inode), text, durable);
}

Result<void> Records::write_sidecar(const std::string& path, const std::string& text,
                                    bool durable) const {
  GODWIT_CHECK(disk_.make_directory(directory_, Access::shared));
  sidecars_ = Sidecars::some;
  (void)disk_.remove_file(path);
  GODWIT_TRY(const std::unique_ptr<File> file, disk_.open(path, OpenMode::write_new));
  GODWIT_CHECK(file->write_at(0, as_bytes(text)));
  if (durable) return file->sync();
  return {};
}

void Records::forget(const std::string& key, std::uint64_t inode) const {
  if (has_sidecars()) (void)disk_.remove_file(sidecar(key, inode));
}

bool Records::has_sidecars() const {
  if (sidecars_ == Sidecars::not_looked) {
    Sidecars looked = Sidecars::not_looked;
    const Sidecars found = disk_.stat(directory_) ? Sidecars::some : Sidecars::none;
    // Unless one was written meanwhile.
    sidecars_.compare_exchange_strong(looked, found);
  }
  return sidecars_ == Sidecars::some;
}

std::string Records::sidecar(const std::string& key, std::uint64_t inode) const {
  std::array<char, 24> suffix{};
  std::snprintf(suffix.data(), suffix.size(), "-%llx", static_cast<unsigned long long>(inode));
  return directory_ + "/" + to_hex(sha256(as_bytes(key))) + suffix.data();
}

}  // namespace godwit::file
