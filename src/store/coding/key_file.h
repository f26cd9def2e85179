#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/coding/sealing.h"
#include "world/world.h"

namespace godwit::coding {

/// The keys of one file.
class KeyRing {
 public:
  /// Reads lines "ID BASE64-OF-32-BYTES", blank ones and comments behind '#'. `file` is for
  /// messages, which never show a key. Failure: invalid_argument with file and line: what is no
  /// key, an id twice; no key at all.
  [[nodiscard]] static Result<KeyRing> parse(std::string_view text, const std::string& file);

  /// The first one of the file: what is written now is sealed with it.
  [[nodiscard]] const MasterKey& sealing() const { return keys_.front(); }
  /// Failure: permission_denied, naming the id and the file.
  [[nodiscard]] Result<const MasterKey*> find(const std::string& id) const;

 private:
  std::string file_;
  std::vector<MasterKey> keys_;
};

/// Reads a file that only its owner can read. A name without '/' at its start is of
/// $CREDENTIALS_DIRECTORY, which the service manager guards by itself. Blocks.
/// Failure: invalid_argument, also where others may read it; as KeyRing::parse.
[[nodiscard]] Result<KeyRing> load_keys(World& world, const std::string& file);

/// 1 to 32 of a-z, 0-9, '-', '_' and '.'. Failure: invalid_argument.
[[nodiscard]] Result<void> check_key_id(std::string_view id);
/// A line of a key file, with a key that was just drawn.
[[nodiscard]] std::string new_key_line(World& world, const std::string& id);

}  // namespace godwit::coding
