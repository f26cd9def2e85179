#pragma once

#include <optional>
#include <string>

#include "store/object.h"
#include "world/disk.h"

namespace godwit::file {

/// What a file cannot tell by itself (see file_records.h for where it is kept).
struct Record {
  Metadata metadata;
  /// The content token of the bytes, as the writer proved it, and the size and time that the file
  /// had then: a file that was changed since has another.
  std::string content_etag;
  Bytes size = 0;
  WallTime modified{};
  /// All of that version was on stable storage before the file got its name.
  bool synced = false;
};

inline constexpr const char* kAttribute = "user.godwit";

/// Short: what an ext4 inode of 256 bytes has room for are 64 bytes of it, and what does not fit
/// there costs a block, which is written with the file and read with its attributes.
[[nodiscard]] std::string encode(const Record& record);
/// Nothing when `packed` is not ours or of another format.
[[nodiscard]] std::optional<Record> decode(const std::string& packed);
/// Whether there is anything to keep.
[[nodiscard]] bool worth_keeping(const Record& record);

/// Whether a power loss may have spoiled a file.
enum class Trust : std::uint8_t { sound, in_doubt };

/// The version token of a file: one that is_doubtful where it is in doubt; the recorded content
/// token while it holds, else one made of size, time and inode.
[[nodiscard]] std::string etag_of(const FileStat& stat, const Record* record,
                                  Trust trust = Trust::sound);

}  // namespace godwit::file
