#include "journal/rows.h"

#include <array>
#include <concepts>
#include <type_traits>
#include <utility>

namespace godwit::journal {
namespace {

template <std::unsigned_integral T>
void append(std::string& out, T value) {
  std::array<char, sizeof(T)> bytes{};
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    bytes.at(i) = static_cast<char>((value >> (8 * (sizeof(T) - 1 - i))) & 0xFF);
  }
  out.append(bytes.data(), bytes.size());
}

void append(std::string& out, std::string_view text) {
  append(out, static_cast<std::uint32_t>(text.size()));
  out += text;
}

void append(std::string& out, WallTime time) {
  append(out, static_cast<std::uint64_t>(time.time_since_epoch().count()));
}

template <class E>
  requires std::is_enum_v<E>
void append(std::string& out, E value) {
  append(out, static_cast<std::uint8_t>(value));
}

void append(std::string& out, const std::optional<WallTime>& time) {
  append(out, static_cast<std::uint8_t>(time.has_value()));
  append(out, time.value_or(WallTime{}));
}

void append(std::string& out, const Version& version) {
  append(out, version.epoch);
  append(out, version.time.value);
  append(out, version.region);
}

void append(std::string& out, const Write& write) {
  append(out, write.key);
  append(out, write.version);
  append(out, write.change);
  append(out, write.priority);
  append(out, write.size);
}

/// Room for all of a row that is not text.
constexpr std::size_t kNumbers = 128;

void reserve(std::string& out, const Write& write) {
  out.reserve(write.key.size() + write.version.region.size() + kNumbers);
}

void append(std::string& out, const TargetTask& task) {
  append(out, task.write);
  append(out, task.since);
  append(out, task.attempts);
  append(out, task.begun);
}

/// Takes a value apart; after the first thing that does not fit all that it yields is empty.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : left_(bytes) {}

  template <std::unsigned_integral T>
  void read(T& value) {
    const std::string_view bytes = take(sizeof(T));
    value = 0;
    for (const char byte : bytes)
      value = static_cast<T>((value << 8) | static_cast<T>(static_cast<unsigned char>(byte)));
  }
  void read(std::string& text) {
    std::uint32_t size = 0;
    read(size);
    text = take(size);
  }
  void read(WallTime& time) {
    std::uint64_t count = 0;
    read(count);
    time = WallTime(Duration(static_cast<Duration::rep>(count)));
  }
  void read(std::optional<WallTime>& time) {
    std::uint8_t there = 0;
    WallTime value;
    read(there);
    read(value);
    if (there != 0) time = value;
  }
  template <class E>
    requires std::is_enum_v<E>
  void read(E& value, E last) {
    std::uint8_t number = 0;
    read(number);
    fits_ = fits_ && number <= static_cast<std::uint8_t>(last);
    value = fits_ ? static_cast<E>(number) : E{};
  }
  void read(Version& version) {
    read(version.epoch);
    read(version.time.value);
    read(version.region);
  }
  void read(Write& write) {
    read(write.key);
    read(write.version);
    read(write.change, Change::noticed);
    read(write.priority, Priority::bulk);
    read(write.size);
  }
  void read(TargetTask& task) {
    read(task.write);
    read(task.since);
    read(task.attempts);
    read(task.begun);
  }

  /// `value`, if all bytes were there and none is left.
  template <class T>
  [[nodiscard]] Result<T> finish(T value, std::string_view what) const {
    if (fits_ && left_.empty()) return value;
    return fail(Error(Code::corrupted, "the journal has a damaged row: " + std::string(what))
                    .with_hint("restore the journal's directory, or move it away and let the "
                               "targets be compared with `godwit sync`"));
  }

 private:
  [[nodiscard]] std::string_view take(std::size_t size) {
    if (!fits_ || left_.size() < size) {
      fits_ = false;
      return {};
    }
    const std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
  }

  std::string_view left_;
  bool fits_ = true;
};

std::string row(char kind, TargetNumber target) {
  std::string key(1, kind);
  append(key, target);
  return key;
}

std::string row(char kind, std::string_view key, const Version& version) {
  std::string row(1, kind);
  append(row, key);
  append(row, version);
  return row;
}

}  // namespace

std::string head_key() { return "m"; }

std::string intent_key(Sequence sequence) {
  std::string key = "i";
  append(key, sequence);
  return key;
}

std::string target_key(std::string_view name) { return "n" + std::string(name); }

std::string task_key(TargetNumber target, std::string_view key) {
  return row('k', target) + std::string(key);
}

std::string place_key(TargetNumber target, Place place) {
  std::string key = row('q', target);
  append(key, place.priority);
  append(key, place.order);
  return key;
}

std::string dead_key(TargetNumber target, std::string_view key) {
  return row('d', target) + std::string(key);
}

std::string payload_key(std::string_view key, const Version& version) {
  return row('p', key, version);
}

std::string payload_note_key(std::string_view key, const Version& version) {
  return row('x', key, version);
}

std::string suspect_key(std::uint32_t epoch, std::string_view key) {
  std::string row = "s";
  append(row, epoch);
  return row += key;
}

std::string lost_key(std::string_view key) { return "l" + std::string(key); }

std::string after(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(prefix.back() + 1);
  return prefix;
}

std::string encode(const Head& head) {
  std::string value;
  append(value, head.format);
  append(value, head.first);
  append(value, head.last);
  append(value, head.clock.value);
  append(value, head.targets);
  append(value, head.quiet);
  return value;
}

std::string encode_intent(const Write& write, const std::optional<WallTime>& committed) {
  std::string value;
  reserve(value, write);
  append(value, write);
  append(value, committed);
  return value;
}

std::string encode(const TargetRow& target) {
  std::string value;
  value.reserve(kNumbers);
  append(value, target.number);
  for (const std::uint64_t tasks : target.tasks) append(value, tasks);
  for (const Sequence first : target.first) append(value, first);
  for (const Sequence given : target.given) append(value, given);
  append(value, target.bytes);
  append(value, target.dead);
  append(value, target.last_since);
  append(value, target.floor);
  append(value, target.resync_since);
  return value;
}

std::string encode(const PlaceRow& place) {
  std::string value;
  append(value, place.place.priority);
  append(value, place.place.order);
  append(value, place.bytes);
  return value;
}

std::string encode(const TargetTask& task) {
  std::string value;
  reserve(value, task.write);
  append(value, task);
  return value;
}

std::string encode(const DeadLetter& letter) {
  std::string value;
  append(value, letter.task);
  append(value, letter.code);
  append(value, letter.message);
  append(value, letter.buried);
  return value;
}

std::string encode_payload_size(Bytes size) {
  std::string value;
  append(value, size);
  return value;
}

std::string encode(const Write& write) {
  std::string value;
  reserve(value, write);
  append(value, write);
  return value;
}

Result<Head> decode_head(std::string_view value) {
  Head head;
  Reader reader(value);
  reader.read(head.format);
  if (head.format != kFormat) {
    return fail(Error(Code::unsupported, "the journal has format " + std::to_string(head.format) +
                                             ", this program knows " + std::to_string(kFormat))
                    .with_hint("run the godwit that wrote it, until every target has caught up"));
  }
  reader.read(head.first);
  reader.read(head.last);
  reader.read(head.clock.value);
  reader.read(head.targets);
  reader.read(head.quiet);
  return reader.finish(head, "its head");
}

Result<IntentRow> decode_intent(std::string_view value) {
  IntentRow intent;
  Reader reader(value);
  reader.read(intent.write);
  reader.read(intent.committed);
  return reader.finish(std::move(intent), "an intent");
}

Result<TargetRow> decode_target(std::string_view value) {
  TargetRow target;
  Reader reader(value);
  reader.read(target.number);
  for (std::uint64_t& tasks : target.tasks) reader.read(tasks);
  for (Sequence& first : target.first) reader.read(first);
  for (Sequence& given : target.given) reader.read(given);
  reader.read(target.bytes);
  reader.read(target.dead);
  reader.read(target.last_since);
  reader.read(target.floor);
  reader.read(target.resync_since);
  return reader.finish(target, "a target");
}

Result<PlaceRow> decode_place(std::string_view value) {
  PlaceRow place;
  Reader reader(value);
  reader.read(place.place.priority, Priority::normal);
  reader.read(place.place.order);
  reader.read(place.bytes);
  return reader.finish(place, "a place");
}

Result<TargetTask> decode_task(std::string_view value) {
  TargetTask task;
  Reader reader(value);
  reader.read(task);
  return reader.finish(std::move(task), "a task");
}

Result<DeadLetter> decode_dead(std::string_view value) {
  DeadLetter letter;
  Reader reader(value);
  reader.read(letter.task);
  reader.read(letter.code, Code::internal);
  reader.read(letter.message);
  reader.read(letter.buried);
  return reader.finish(std::move(letter), "a dead letter");
}

Result<PayloadNote> decode_payload_note(std::string_view row_key, std::string_view value) {
  const std::string row = std::string(row_key.substr(1)).append(value);
  PayloadNote note;
  Reader reader(row);
  reader.read(note.key);
  reader.read(note.version);
  reader.read(note.size);
  return reader.finish(std::move(note), "what a write carries");
}

Result<Write> decode_write(std::string_view value) {
  Write write;
  Reader reader(value);
  reader.read(write);
  return reader.finish(std::move(write), "a suspect");
}

Result<std::uint32_t> suspect_epoch(std::string_view row_key) {
  std::uint32_t epoch = 0;
  Reader reader(row_key.substr(1, sizeof(epoch)));
  reader.read(epoch);
  return reader.finish(epoch, "the key of a suspect");
}

Result<Sequence> sequence_of(std::string_view row_key) {
  Sequence sequence = 0;
  Reader reader(row_key.size() < sizeof(sequence)
                    ? row_key
                    : row_key.substr(row_key.size() - sizeof(sequence)));
  reader.read(sequence);
  return reader.finish(sequence, "a place");
}

}  // namespace godwit::journal
