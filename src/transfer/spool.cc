#include "transfer/spool.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

namespace godwit::transfer {
namespace {

constexpr std::size_t kReadStep = 256 * kKiB;

// A record is the key's length in four bytes of this machine, and the key: the file does not
// outlive the run.
void append_record(std::string& to, const std::string& key) {
  const auto length = static_cast<std::uint32_t>(key.size());
  to.append(reinterpret_cast<const char*>(&length), sizeof length);
  to += key;
}

std::size_t take_records(std::string_view text, std::vector<std::string>& into) {
  std::size_t used = 0;
  std::uint32_t length = 0;
  while (text.size() - used >= sizeof length) {
    std::memcpy(&length, text.data() + used, sizeof length);
    if (text.size() - used - sizeof length < length) break;
    into.emplace_back(text.substr(used + sizeof length, length));
    used += sizeof length + length;
  }
  return used;
}

Result<std::shared_ptr<File>> make_file(Disk& disk, const std::string& directory,
                                        const std::string& path) {
  GODWIT_CHECK(disk.make_directory(directory, Access::owner_only));
  (void)disk.remove_file(path);
  return disk.open(path, OpenMode::write_new);
}

Result<std::string> read_piece(File& file, Bytes from, Bytes to) {
  std::string text(std::min<Bytes>(kReadStep, to - from), '\0');
  GODWIT_TRY(const std::size_t count, file.read_at(from, std::as_writable_bytes(std::span(text))));
  text.resize(count);
  return text;
}

}  // namespace

KeySpool::KeySpool(World& world, std::string directory, const std::string& name)
    : world_(world),
      directory_(std::move(directory)),
      path_(directory_.empty() ? std::string() : directory_ + "/" + name) {}

void KeySpool::add(std::string key) {
  keys_.push_back(std::move(key));
  ++added_;
}

Task<void> KeySpool::spill() {
  if (keys_.size() <= kInMemory) co_return Result<void>();
  if (path_.empty()) {
    if (added_ <= kMostWithoutFile) co_return Result<void>();
    co_return fail(Error(Code::limit_exceeded, "too many keys to remember in memory")
                       .with_hint("name a directory for them with --state-dir"));
  }
  if (!file_) {
    auto make = [&disk = world_.disk(), directory = directory_, path = path_] {
      return make_file(disk, directory, path);
    };
    GODWIT_CO_TRY(file_, co_await run_blocking(world_, std::move(make)));
  }
  std::string text;
  for (const std::string& key : std::exchange(keys_, {})) append_record(text, key);
  const Bytes at = std::exchange(written_, written_ + text.size());
  auto write = [file = file_, at, text = std::move(text)] {
    return file->write_at(at, as_bytes(text));
  };
  co_return co_await run_blocking(world_, std::move(write));
}

Task<void> KeySpool::read_back() {
  auto read = [file = file_, from = read_, to = written_] { return read_piece(*file, from, to); };
  GODWIT_CO_TRY(const std::string text, co_await run_blocking(world_, std::move(read)));
  std::vector<std::string> keys;
  const std::size_t used = take_records(text, keys);
  if (used == 0) co_return fail(Code::corrupted, "the list of keys in " + path_ + " is damaged");
  read_ += used;
  // What never went to the file comes last.
  keys.insert(keys.end(),
              std::make_move_iterator(keys_.begin() + static_cast<std::ptrdiff_t>(given_)),
              std::make_move_iterator(keys_.end()));
  keys_ = std::move(keys);
  given_ = 0;
  co_return Result<void>();
}

Task<std::vector<std::string>> KeySpool::next(std::size_t most) {
  if (read_ < written_ && keys_.size() - given_ < most) GODWIT_CO_CHECK(co_await read_back());
  const std::size_t count = std::min(most, keys_.size() - given_);
  const auto from = keys_.begin() + static_cast<std::ptrdiff_t>(given_);
  std::vector<std::string> batch(
      std::make_move_iterator(from),
      std::make_move_iterator(from + static_cast<std::ptrdiff_t>(count)));
  given_ += count;
  co_return batch;
}

Task<void> KeySpool::remove() {
  if (!file_) co_return Result<void>();
  file_.reset();
  auto work = [&disk = world_.disk(), path = path_] { return disk.remove_file(path); };
  co_return co_await run_blocking(world_, std::move(work));
}

}  // namespace godwit::transfer
