#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "journal/task.h"

namespace godwit::journal {

/// Which writes have what they carry beside them on disk, and how much that is. The rows
/// themselves are in the database only.
///
/// Concurrency: engine executor.
class Payloads {
 public:
  /// What one counts at least: of its place in memory and on disk.
  static constexpr Bytes kLeast = 4 * kKiB;

  /// `limit`: of all together; 0: none are kept.
  explicit Payloads(Bytes limit) : limit_(limit) {}

  /// False when there is no room for one more of that size.
  [[nodiscard]] bool add(const std::string& key, const Version& version, Bytes size);
  void drop(const std::string& key, const Version& version);
  /// One that is on disk since a process before: also over the limit.
  void recover(const std::string& key, const Version& version, Bytes size);
  [[nodiscard]] bool has(const std::string& key, const Version& version) const;
  /// Of one key.
  [[nodiscard]] std::vector<Version> versions(const std::string& key) const;

  // Whoever stops to need one says so by its key; the owner looks who else does.

  void look_at(const std::string& key);
  void look_at_all();
  /// Keys that were named, up to so many; they count as looked at.
  [[nodiscard]] std::vector<std::string> take_to_look(std::size_t most);
  [[nodiscard]] bool has_to_look() const { return !to_look_.empty(); }

  [[nodiscard]] Bytes bytes() const { return bytes_; }
  /// Those for which there was no room.
  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }

 private:
  struct Kept {
    Version version;
    Bytes size = 0;
  };

  Bytes limit_;
  Bytes bytes_ = 0;
  std::uint64_t left_out_ = 0;
  std::unordered_map<std::string, std::vector<Kept>> kept_;
  std::unordered_set<std::string> to_look_;
};

}  // namespace godwit::journal
