#include "kv/rocks_log.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>
#include <vector>

#include "base/crc.h"
#include "kv/rocks_error.h"

namespace godwit::kv {
namespace {

// The format of the logs, as LevelDB laid it down: blocks of 32 KiB, filled with records of
// {masked CRC-32C of type and bytes: 4, length: 2, type: 1, bytes}; what is too long for a block
// goes on in the next. The bytes of a whole record begin with the sequence number of its batch.
constexpr std::size_t kBlock = 32 * kKiB;
constexpr std::size_t kHead = 7;
constexpr std::size_t kSequence = 8;
enum class Part : std::uint8_t { full = 1, first = 2, middle = 3, last = 4 };

template <class T>
T little_endian(std::string_view at) {
  static_assert(std::endian::native == std::endian::little);
  T value;
  std::memcpy(&value, at.data(), sizeof value);
  return value;
}

std::uint32_t masked_crc(std::string_view bytes) {
  Crc32c crc;
  crc.update(as_bytes(bytes));
  return std::rotr(crc.value(), 15) + 0xa282ead8U;
}

struct Place {
  std::string file;
  Bytes offset = 0;
};

struct Record {
  Part part;
  std::string_view bytes;
};

/// The record that begins where `block` does, if one does.
std::optional<Record> record_at(std::string_view block) {
  if (block.size() < kHead) return std::nullopt;
  const auto type = static_cast<std::uint8_t>(block[6]);
  const std::size_t length = little_endian<std::uint16_t>(block.substr(4));
  if (type < 1 || type > 4 || length > block.size() - kHead) return std::nullopt;
  if (little_endian<std::uint32_t>(block) != masked_crc(block.substr(6, 1 + length))) {
    return std::nullopt;
  }
  return Record{static_cast<Part>(type), block.substr(kHead, length)};
}

/// Goes through the blocks of one log after the other.
class Surveyor {
 public:
  /// `last_wanted`: of which batches `beyond` does not speak.
  explicit Surveyor(std::uint64_t last_wanted) : last_wanted_(last_wanted) {}

  void begin_file(std::string name) {
    name_ = std::move(name);
    offset_ = 0;
    begun_.reset();
  }

  void add_block(std::string_view block) {
    std::size_t at = 0;
    while (at + kHead <= block.size()) {
      if (const std::optional<Record> record = record_at(block.substr(at))) {
        add_record(*record, at);
        at += kHead + record->bytes.size();
      } else {
        // From here on a record may begin anywhere.
        note_damage(at);
        at = next_try(block, at);
      }
    }
    offset_ += block.size();
  }

  [[nodiscard]] LogSurvey take() { return std::move(survey_); }
  /// Where the first batch begins whose sequence number is higher than wanted.
  [[nodiscard]] const std::optional<Place>& beyond() const { return beyond_; }

 private:
  static std::size_t next_try(std::string_view block, std::size_t at) {
    // No record is nothing but zeros: skip them fast.
    const std::size_t some = block.find_first_not_of('\0', at + 1);
    if (some == std::string_view::npos) return block.size();
    return std::max(at + 1, some - std::min(some, kHead - 1));
  }

  void note_damage(std::size_t at) {
    begun_.reset();
    if (survey_.damage.empty()) survey_.damage = name_ + " at byte " + std::to_string(offset_ + at);
  }

  void add_record(const Record& record, std::size_t at) {
    if (record.part == Part::full || record.part == Part::first) begin_batch(record, at);
    const bool ends = record.part == Part::full || record.part == Part::last;
    if (!ends || !begun_) return;
    survey_.last_sequence = std::max(survey_.last_sequence, *begun_);
    begun_.reset();
  }

  void begin_batch(const Record& record, std::size_t at) {
    begun_.reset();
    if (record.bytes.size() < kSequence) return;
    begun_ = little_endian<std::uint64_t>(record.bytes);
    if (*begun_ > last_wanted_ && !beyond_) beyond_ = Place{name_, offset_ + at};
  }

  std::uint64_t last_wanted_;
  LogSurvey survey_;
  std::optional<Place> beyond_;
  std::string name_;
  Bytes offset_ = 0;
  std::optional<std::uint64_t> begun_;  // of the batch whose first part we have seen
};

Result<void> survey_file(rocksdb::Env& env, const std::string& path, Surveyor& surveyor) {
  std::unique_ptr<rocksdb::SequentialFile> file;
  rocksdb::Status status = env.NewSequentialFile(path, &file, rocksdb::EnvOptions());
  surveyor.begin_file(path);
  std::string space(kBlock, '\0');
  while (status.ok()) {
    rocksdb::Slice block;
    status = file->Read(kBlock, &block, space.data());
    if (!status.ok()) break;
    surveyor.add_block({block.data(), block.size()});
    if (block.size() < kBlock) return {};
  }
  return fail(error_of(status, "read " + path));
}

/// Names are numbers with leading zeros, and longer when there are none left.
bool older(const std::string& a, const std::string& b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

Result<void> survey_all(rocksdb::Env& env, const std::string& directory, Surveyor& surveyor) {
  std::vector<std::string> names;
  const rocksdb::Status status = env.GetChildren(directory, &names);
  if (!status.ok()) return fail(error_of(status, "read " + directory));
  std::erase_if(names, [](const std::string& name) { return !name.ends_with(".log"); });
  std::ranges::sort(names, older);
  for (const std::string& name : names) {
    GODWIT_CHECK(survey_file(env, directory + "/" + name, surveyor));
  }
  return {};
}

rocksdb::Status truncate(rocksdb::Env& env, const Place& place) {
  std::unique_ptr<rocksdb::WritableFile> file;
  rocksdb::Status status = env.ReopenWritableFile(place.file, &file, rocksdb::EnvOptions());
  if (status.ok()) status = file->Truncate(place.offset);
  if (status.ok()) status = file->Close();
  return status;
}

}  // namespace

Result<LogSurvey> survey_logs(rocksdb::Env& env, const std::string& directory) {
  Surveyor surveyor(std::numeric_limits<std::uint64_t>::max());
  GODWIT_CHECK(survey_all(env, directory, surveyor));
  return surveyor.take();
}

Result<void> cut_logs(rocksdb::Env& env, const std::string& directory,
                      std::uint64_t last_sequence) {
  Surveyor surveyor(last_sequence);
  GODWIT_CHECK(survey_all(env, directory, surveyor));
  const std::optional<Place>& beyond = surveyor.beyond();
  if (!beyond) return {};
  const rocksdb::Status status = truncate(env, *beyond);
  if (!status.ok()) return fail(error_of(status, "cut " + beyond->file));
  return {};
}

}  // namespace godwit::kv
