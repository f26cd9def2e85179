#include "kv/rocks_error.h"

#include <rocksdb/status.h>

#include <algorithm>
#include <array>
#include <string>

namespace godwit::kv {
namespace {

constexpr const char* kRescue =
    "leave the directory as it is and restore it from a copy; 'ldb repair' (rocksdb-tools) saves "
    "what is whole";

using Words = std::span<const std::string_view>;

bool says(std::string_view text, Words any) {
  return std::ranges::any_of(
      any, [text](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

// RocksDB tells these apart by their text only.
constexpr std::array<std::string_view, 2> kLocked = {"While lock file", "lock hold by"};
constexpr std::array<std::string_view, 3> kDenied = {"Permission denied", "Operation not permitted",
                                                     "Read-only file system"};
constexpr std::array<std::string_view, 4> kNewer = {"newer version", "unknown tag",
                                                    "nsupported format", "Unknown Footer"};

Code code_of_io(const rocksdb::Status& status, std::string_view text) {
  if (status.IsNoSpace() || status.subcode() == rocksdb::Status::kSpaceLimit) return Code::no_space;
  if (says(text, kLocked)) return Code::precondition_failed;
  if (says(text, kDenied)) return Code::permission_denied;
  return Code::unavailable;
}

Code code_of(const rocksdb::Status& status, std::string_view text) {
  switch (status.code()) {
    case rocksdb::Status::kIOError: return code_of_io(status, text);
    case rocksdb::Status::kCorruption:
      return says(text, kNewer) ? Code::unsupported : Code::corrupted;
    case rocksdb::Status::kNotSupported:
    case rocksdb::Status::kInvalidArgument: return Code::unsupported;
    default: return Code::unavailable;
  }
}

}  // namespace

Error error_of(const rocksdb::Status& status, std::string_view doing) {
  const std::string text = status.ToString();
  const Code code = code_of(status, text);
  if (code == Code::corrupted) return damaged(doing, text);
  Error error(code, std::string(doing) + ": " + text);
  if (code == Code::precondition_failed) {
    return std::move(error).with_hint("another process has the database open: end it first");
  }
  if (code == Code::unsupported) {
    return std::move(error).with_hint("a newer godwit wrote this: use that one");
  }
  return error;
}

Error damaged(std::string_view doing, std::string_view what) {
  return Error(Code::corrupted, std::string(doing) + ": " + std::string(what)).with_hint(kRescue);
}

}  // namespace godwit::kv
