#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/object.h"
#include "world/time.h"

/// What the rows of a `rocksdb:` store are called, and what is in them:
///   v              the format of all this
///   n              no body has this number or a higher one
///   o KEY          an object: its header
///   c NUMBER INDEX a chunk of a body
///   d NUMBER       a body that nobody owns, yet or any more
///   u ID           an upload in parts
///   p ID / PART    a part of one: a header
/// Numbers are big-endian, so that rows are in their order.
namespace godwit::rocks {

/// Measured: of 64 KiB cost a third more CPU to write; of 512 KiB gain a fifth, for twice the
/// memory.
inline constexpr Bytes kChunk = 256 * kKiB;

inline constexpr const char* kFormatRow = "v";
inline constexpr const char* kFormat = "godwit rocksdb store 1";
inline constexpr const char* kNumbersRow = "n";
inline constexpr const char* kObjects = "o";
inline constexpr const char* kUnowned = "d";
inline constexpr const char* kUploads = "u";

/// Bytes that lie in chunks under one number. All chunks but the last are full.
struct Run {
  std::uint64_t number = 0;
  Bytes size = 0;
  bool operator==(const Run&) const = default;
};

/// All of an object but its bytes, which are those of its runs, one after the other.
struct Header {
  Bytes size = 0;
  WallTime modified{};
  std::string etag;
  std::vector<Run> runs;
  Metadata metadata;
};

struct UploadRow {
  std::string key;
  WallTime started{};
};

[[nodiscard]] std::string object_row(std::string_view key);
[[nodiscard]] std::string chunk_row(std::uint64_t number, std::uint32_t index);
[[nodiscard]] std::string unowned_row(std::uint64_t number);
[[nodiscard]] std::string upload_row(std::string_view id);
/// What the names of all parts of an upload begin with.
[[nodiscard]] std::string part_rows(std::string_view id);
[[nodiscard]] std::string part_row(std::string_view id, std::uint32_t number);
/// The first name behind all that begin with `prefix`.
[[nodiscard]] std::string behind(std::string prefix);

/// The number at the end of a row's name. Precondition: there is one.
[[nodiscard]] std::uint64_t number_of_unowned(std::string_view row);
[[nodiscard]] std::uint32_t number_of_part(std::string_view row);

[[nodiscard]] std::string encode(const Header& header);
[[nodiscard]] std::string encode(const UploadRow& upload);
[[nodiscard]] std::string encode_number(std::uint64_t number);
/// Failure of these: corrupted.
[[nodiscard]] Result<Header> decode_header(std::string_view row);
[[nodiscard]] Result<UploadRow> decode_upload(std::string_view row);
[[nodiscard]] Result<std::uint64_t> decode_number(std::string_view row);

}  // namespace godwit::rocks
