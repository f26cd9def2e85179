#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "journal/task.h"

/// What the journal keeps in its database, row by row. Numbers in keys are big-endian, so that
/// rows come in their order.
///
///   m                         format, last sequence, clock: Head
///   i SEQUENCE                an intent that no task on disk stands for yet: IntentRow
///   n NAME                    a target: TargetRow
///   k TARGET KEY              where the task of the key is that was moved out of memory: PlaceRow
///   q TARGET PRIORITY ORDER   that task: TargetTask
///   d TARGET KEY              a dead letter
///   p KEY VERSION             what a write carries: the bytes that its writer gave us
///   x KEY VERSION             that there is a row p: its size
///   s EPOCH KEY               a suspect of the primary of that epoch: Write
///   l KEY                     a primary that was lost may have it, or not: see LostWrites
namespace godwit::journal {

using TargetNumber = std::uint32_t;

/// Changes whenever rows of an older program would be misread.
inline constexpr std::uint32_t kFormat = 3;

struct Head {
  std::uint32_t format = kFormat;
  Sequence first = 0;        ///< no intent before it is there
  Sequence last = 0;         ///< no sequence or order above it was given out
  HybridTime clock;          ///< no version above it was written
  TargetNumber targets = 0;  ///< that were ever numbered
  bool quiet = false;        ///< it was closed with nothing under way that could land later
};

struct IntentRow {
  Write write;
  std::optional<WallTime> committed;  ///< absent: whether the primary has it is not known
};

/// A place in a target's order.
struct Place {
  Priority priority = Priority::normal;
  Sequence order = 0;
  bool operator==(const Place&) const = default;
};

struct PlaceRow {
  Place place;
  Bytes bytes = 0;  ///< that the task announces
};

/// A task on disk: its two rows.
struct TaskRow {
  TargetTask task;
  Place place;
};

struct TargetRow {
  TargetNumber number = 0;
  /// Tasks on disk of each priority. Those of `bulk` are never there.
  std::array<std::uint64_t, 2> tasks{};
  std::array<Sequence, 2> first{};  ///< no task of the priority is at a place before it
  /// No task at a place from there on was ever under way, but for those that say so themselves.
  std::array<Sequence, 2> given{};
  Bytes bytes = 0;         ///< that they announce
  std::uint64_t dead = 0;  ///< rows 'd'
  WallTime last_since{};   ///< the latest `since` of a task that was added in order
  /// No task that was added out of order waits for longer.
  WallTime floor = WallTime::max();
  /// Tasks were dropped: the whole target must be compared. When the oldest of them was
  /// acknowledged.
  std::optional<WallTime> resync_since;
};

struct PayloadNote {
  std::string key;
  Version version;
  Bytes size = 0;
};

[[nodiscard]] std::string head_key();
[[nodiscard]] std::string intent_key(Sequence sequence);
[[nodiscard]] std::string target_key(std::string_view name);
[[nodiscard]] std::string task_key(TargetNumber target, std::string_view key);
[[nodiscard]] std::string place_key(TargetNumber target, Place place);
[[nodiscard]] std::string dead_key(TargetNumber target, std::string_view key);
[[nodiscard]] std::string payload_key(std::string_view key, const Version& version);
[[nodiscard]] std::string payload_note_key(std::string_view key, const Version& version);
[[nodiscard]] std::string suspect_key(std::uint32_t epoch, std::string_view key);
/// Of no key: the first of all.
[[nodiscard]] std::string lost_key(std::string_view key);
/// The first row after all that begin so; for the end of a range.
[[nodiscard]] std::string after(std::string prefix);

[[nodiscard]] std::string encode(const Head& head);
/// Of an IntentRow, without a copy of the write.
[[nodiscard]] std::string encode_intent(const Write& write,
                                        const std::optional<WallTime>& committed);
[[nodiscard]] std::string encode(const TargetRow& target);
[[nodiscard]] std::string encode(const PlaceRow& place);
[[nodiscard]] std::string encode(const TargetTask& task);
[[nodiscard]] std::string encode(const DeadLetter& letter);
[[nodiscard]] std::string encode_payload_size(Bytes size);
[[nodiscard]] std::string encode(const Write& write);

// Failure of all: corrupted. `decode_head` also unsupported, for a newer format.
[[nodiscard]] Result<Head> decode_head(std::string_view value);
[[nodiscard]] Result<IntentRow> decode_intent(std::string_view value);
[[nodiscard]] Result<TargetRow> decode_target(std::string_view value);
[[nodiscard]] Result<PlaceRow> decode_place(std::string_view value);
[[nodiscard]] Result<TargetTask> decode_task(std::string_view value);
[[nodiscard]] Result<DeadLetter> decode_dead(std::string_view value);
[[nodiscard]] Result<PayloadNote> decode_payload_note(std::string_view row_key,
                                                      std::string_view value);
[[nodiscard]] Result<Write> decode_write(std::string_view value);
[[nodiscard]] Result<std::uint32_t> suspect_epoch(std::string_view row_key);
/// The number at the end of the key of an intent or a place.
[[nodiscard]] Result<Sequence> sequence_of(std::string_view row_key);

}  // namespace godwit::journal
