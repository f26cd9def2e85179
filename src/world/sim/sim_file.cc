#include "world/sim/sim_file.h"

#include <algorithm>
#include <utility>

#include "world/sim/sim_errors.h"

namespace godwit {

using sim_storage::failed;
using sim_storage::FileChange;
using sim_storage::full;
using sim_storage::InodePtr;
using sim_storage::io_error;

namespace {

constexpr std::size_t kLargestAttribute = 64 * kKiB;

}  // namespace

SimFile::SimFile(SimDisk& disk, InodePtr inode, std::string path)
    : disk_(disk), inode_(std::move(inode)), path_(std::move(path)), life_(disk.life_) {}

Result<std::size_t> SimFile::read_at(Bytes offset, MutableByteSpan into) {
  GODWIT_CHECK(begin(&DiskFaults::read_error, "read"));
  if (inode_->type == FileType::directory) {
    return failed(Code::precondition_failed, "read", path_, "Is a directory");
  }
  const std::string& bytes = inode_->live.bytes;
  if (offset >= bytes.size()) return std::size_t{0};
  const auto count = static_cast<std::size_t>(std::min<Bytes>(into.size(), bytes.size() - offset));
  std::copy_n(as_bytes(bytes).begin() + static_cast<std::ptrdiff_t>(offset), count, into.begin());
  return count;
}

Result<void> SimFile::write_at(Bytes offset, ByteSpan bytes) {
  GODWIT_CHECK(begin());
  const bool error = disk_.strikes(path_, &DiskFaults::write_error);
  const bool no_room = !fits(offset + bytes.size()) || disk_.strikes(path_, &DiskFaults::no_space);
  if (error || no_room) bytes = bytes.first(bytes.empty() ? 0 : disk_.random_() % bytes.size());
  if (error || no_room) {
    while (!bytes.empty() && !fits(offset + bytes.size())) bytes = bytes.first(bytes.size() / 2);
  }
  if (!bytes.empty()) {
    change({.kind = FileChange::Kind::write,
            .offset = offset,
            .bytes = std::string(as_text(bytes)),
            .name = {}});
  }
  if (error) return io_error("write", path_);
  if (no_room) return full(path_);
  return {};
}

Result<void> SimFile::sync() {
  GODWIT_CHECK(begin());
  if (disk_.strikes(path_, &DiskFaults::sync_error)) {
    inode_->drop_unsynced();
    return io_error("sync", path_);
  }
  inode_->sync();
  return {};
}

Result<void> SimFile::truncate(Bytes size) {
  GODWIT_CHECK(begin(&DiskFaults::write_error, "truncate"));
  if (!fits(size)) return full(path_);
  change({.kind = FileChange::Kind::truncate, .offset = size, .bytes = {}, .name = {}});
  return {};
}

Result<FileStat> SimFile::stat() {
  GODWIT_CHECK(begin());
  return stat_of(*inode_);
}

Result<void> SimFile::copy_from(File& source, Bytes offset, Bytes count) {
  std::string buffer(count, '\0');
  GODWIT_TRY(const std::size_t got,
             source.read_at(offset, std::as_writable_bytes(std::span(buffer))));
  GODWIT_CHECK(write_at(offset, as_bytes(buffer).first(got)));
  if (got == count) return {};
  return failed(Code::precondition_failed, "copy to", path_, "the source became shorter meanwhile");
}

Result<std::optional<std::string>> SimFile::attribute(const std::string& name) {
  GODWIT_CHECK(begin(&DiskFaults::attribute_error, "read attribute of"));
  if (!disk_.faults_of(path_).attributes) return no_attributes();
  const auto& attributes = inode_->live.attributes;
  const auto found = attributes.find(name);
  return found == attributes.end() ? std::nullopt : std::optional(found->second);
}

Result<void> SimFile::set_attribute(const std::string& name, const std::string& value) {
  GODWIT_CHECK(begin(&DiskFaults::write_error, "write attribute of"));
  if (!disk_.faults_of(path_).attributes) return no_attributes();
  if (value.size() > kLargestAttribute) return full(path_);
  change({.kind = FileChange::Kind::attribute, .offset = 0, .bytes = value, .name = name});
  return {};
}

Result<void> SimFile::set_modified(WallTime modified) {
  GODWIT_CHECK(begin(&DiskFaults::write_error, "set the time of"));
  inode_->changed = disk_.now_();
  inode_->change(
      {.kind = FileChange::Kind::time, .offset = 0, .bytes = {}, .name = {}, .modified = modified});
  return {};
}

Result<void> SimFile::begin() {
  GODWIT_CHECK(disk_.begin(path_));
  if (life_ == disk_.life_) return {};
  return failed(Code::unavailable, "use", path_, "its process has ended");
}

Result<void> SimFile::begin(double DiskFaults::* fault, std::string_view what) {
  GODWIT_CHECK(begin());
  if (disk_.strikes(path_, fault)) return io_error(what, path_);
  return {};
}

void SimFile::change(FileChange change) {
  change.modified = inode_->changed = disk_.now_();
  inode_->change(std::move(change));
}

bool SimFile::fits(Bytes size) const {
  const Bytes now = inode_->live.bytes.size();
  return size <= now || disk_.has_room(path_, size - now);
}

std::unexpected<Error> SimFile::no_attributes() const {
  return failed(Code::unsupported, "attribute of", path_, "Operation not supported");
}

}  // namespace godwit
