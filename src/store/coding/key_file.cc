#include "store/coding/key_file.h"

#include <algorithm>
#include <sstream>

#include "base/checksum.h"
#include "world/disk.h"

namespace godwit::coding {
namespace {

constexpr Bytes kLargestFile = kMiB;
constexpr std::uint32_t kOthers = 077;

Result<MasterKey> parse_key(const std::string& line) {
  std::istringstream words(line);
  std::string id;
  std::string base64;
  std::string more;
  words >> id >> base64 >> more;
  GODWIT_CHECK(check_key_id(id));
  const auto bytes = from_base64(base64);
  if (!bytes || bytes->size() != kKeySize || !more.empty()) {
    return fail(Error(Code::invalid_argument, "key '" + id + "' is not 32 bytes in Base64")
                    .with_hint("`godwit key new` prints a line that is right"));
  }
  MasterKey key;
  key.id = id;
  std::ranges::copy(as_bytes(*bytes), key.bytes.begin());
  return key;
}

Result<std::string> path_of(World& world, const std::string& file, bool& guarded) {
  if (file.starts_with('/')) return file;
  const auto directory = world.environment("CREDENTIALS_DIRECTORY");
  guarded = directory && directory->starts_with('/');
  if (guarded) return *directory + "/" + file;
  return fail(Error(Code::invalid_argument, "'" + file + "' is no absolute path")
                  .with_hint("other names are of $CREDENTIALS_DIRECTORY, which is not set"));
}

}  // namespace

Result<void> check_key_id(std::string_view id) {
  const bool right =
      !id.empty() && id.size() <= kLongestKeyId && std::ranges::all_of(id, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
      });
  if (right) return {};
  // Not the word itself: it may be a key that stands in the wrong place.
  return fail(Error(Code::invalid_argument, "a key has no id where one should be")
                  .with_hint("ids are 1 to 32 of a-z, 0-9, '-', '_' and '.'"));
}

Result<KeyRing> KeyRing::parse(std::string_view text, const std::string& file) {
  KeyRing ring;
  ring.file_ = file;
  std::istringstream lines{std::string(text)};
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    const std::string at = file + ":" + std::to_string(++number);
    line.resize(std::min(line.find('#'), line.size()));
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    auto key = parse_key(line);
    if (!key) return fail(std::move(key).error().because_of(at));
    if (std::ranges::find(ring.keys_, key->id, &MasterKey::id) != ring.keys_.end()) {
      return fail(Error(Code::invalid_argument, at + ": key '" + key->id + "' is there already")
                      .with_hint("give the new one another id"));
    }
    ring.keys_.push_back(*key);
  }
  if (!ring.keys_.empty()) return ring;
  return fail(Error(Code::invalid_argument, file + " has no key")
                  .with_hint("add the line that `godwit key new` prints"));
}

Result<const MasterKey*> KeyRing::find(const std::string& id) const {
  const auto found = std::ranges::find(keys_, id, &MasterKey::id);
  if (found != keys_.end()) return &*found;
  return fail(
      Error(Code::permission_denied, "it is sealed with key '" + id + "', which is not in " + file_)
          .with_hint("add that key below the first one"));
}

Result<KeyRing> load_keys(World& world, const std::string& file) {
  bool guarded = false;
  GODWIT_TRY(const std::string path, path_of(world, file, guarded));
  GODWIT_TRY(const auto text, read_file_if_there(world.disk(), path, kLargestFile));
  if (!text) {
    return fail(Error(Code::invalid_argument, path + " does not exist")
                    .with_hint("make one with `godwit key new > FILE`, and keep a copy elsewhere"));
  }
  GODWIT_TRY(const FileStat stat, world.disk().stat(path));
  if (!guarded && (stat.mode & kOthers) != 0) {
    return fail(Error(Code::invalid_argument, path + " can be read by others than its owner")
                    .with_hint("chmod 600 " + path));
  }
  return KeyRing::parse(*text, path);
}

std::string new_key_line(World& world, const std::string& id) {
  KeyBytes bytes{};
  world.fill_unguessable(bytes);
  return id + " " + to_base64(bytes);
}

}  // namespace godwit::coding
