#include "service/value.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "base/bytes.h"
#include "base/duration.h"
#include "base/suggest.h"
#include "world/disk.h"

namespace godwit::service {
namespace {

constexpr Bytes kLargestSecret = 64 * kKiB;

/// Longer than this no duration of a config is; so that no arithmetic overflows.
constexpr double kMostSeconds = 100.0 * 365 * 24 * 3600;

std::unexpected<Error> must_be(const std::string& what) {
  return fail(Code::invalid_argument, "must be " + what);
}

template <class T>
using Words = std::vector<std::pair<std::string, T>>;

const Words<Mode> kModes = {
    {"sync", Mode::sync}, {"semi_sync", Mode::semi_sync}, {"async", Mode::async}};
const Words<OnInsufficientAcks> kOnInsufficientAcks = {{"fail", OnInsufficientAcks::fail},
                                                       {"degrade", OnInsufficientAcks::degrade}};
const Words<JournalPayload> kPayloads = {{"none", JournalPayload::none},
                                         {"inline", JournalPayload::inlined}};
const Words<ReadPreference> kPreferences = {{"primary", ReadPreference::primary},
                                            {"secondary", ReadPreference::secondary},
                                            {"nearest", ReadPreference::nearest},
                                            {"any", ReadPreference::any},
                                            {"secondary_only", ReadPreference::secondary_only}};
const Words<ConflictPolicy> kPolicies = {{"last_write_wins", ConflictPolicy::last_write_wins},
                                         {"first_write_wins", ConflictPolicy::first_write_wins},
                                         {"primary_wins", ConflictPolicy::primary_wins},
                                         {"merge", ConflictPolicy::merge},
                                         {"manual", ConflictPolicy::manual}};
const Words<LogLevel> kLevels = {{"debug", LogLevel::debug},
                                 {"info", LogLevel::info},
                                 {"warning", LogLevel::warning},
                                 {"error", LogLevel::error}};
const Words<LogFormat> kFormats = {{"text", LogFormat::text}, {"json", LogFormat::json}};

template <class T>
Result<void> read_word(const Value& value, const Words<T>& words, T& into) {
  const std::string* text = std::get_if<std::string>(&value.any);
  std::vector<std::string> names;
  for (const auto& [name, meaning] : words) {
    if (text != nullptr && *text == name) {
      into = meaning;
      return {};
    }
    names.push_back(name);
  }
  const std::string given = text == nullptr ? std::string("that") : "'" + *text + "'";
  return fail(Error(Code::invalid_argument, given + " is not one of its values")
                  .with_hint(suggest(text == nullptr ? "" : *text, names)));
}

template <class T>
std::string show_word(const Words<T>& words, T value) {
  for (const auto& [name, meaning] : words) {
    if (meaning == value) return name;
  }
  return {};
}

template <class T>
std::string list_words(const Words<T>& words) {
  std::string text;
  for (const auto& [name, meaning] : words) text += (text.empty() ? "`" : ", `") + name + "`";
  return text;
}

template <class T>
Result<T> read_number(const Value& value, const std::string& what) {
  if (const auto* number = std::get_if<std::int64_t>(&value.any)) {
    if (std::in_range<T>(*number)) return static_cast<T>(*number);
    return must_be(what);
  }
  const auto* text = std::get_if<std::string>(&value.any);
  if (text == nullptr || !value.plain_text) return must_be(what);
  T number{};
  const auto read = std::from_chars(text->data(), text->data() + text->size(), number);
  if (read.ec != std::errc() || read.ptr != text->data() + text->size()) return must_be(what);
  return number;
}

Result<double> read_fraction(const Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value.any)) return static_cast<double>(*whole);
  if (const auto* number = std::get_if<double>(&value.any)) return *number;
  const auto* text = std::get_if<std::string>(&value.any);
  double number = 0;
  if (text == nullptr || !value.plain_text) return must_be("a number");
  const auto read = std::from_chars(text->data(), text->data() + text->size(), number);
  if (read.ec != std::errc() || read.ptr != text->data() + text->size()) return must_be("a number");
  return number;
}

}  // namespace

Result<void> read_value(const Value& value, std::string& into) {
  const auto* text = std::get_if<std::string>(&value.any);
  if (text == nullptr) {
    return fail(Error(Code::invalid_argument, "must be text").with_hint("write it in quotes"));
  }
  into = *text;
  return {};
}

Result<void> read_value(const Value& value, bool& into) {
  if (const auto* truth = std::get_if<bool>(&value.any)) {
    into = *truth;
    return {};
  }
  const auto* text = std::get_if<std::string>(&value.any);
  const bool known = text != nullptr && value.plain_text && (*text == "true" || *text == "false");
  if (!known) return must_be("true or false");
  into = *text == "true";
  return {};
}

Result<void> read_value(const Value& value, Duration& into) {
  const auto* text = std::get_if<std::string>(&value.any);
  if (text == nullptr) return must_be("a duration in quotes, such as \"30s\"");
  GODWIT_TRY(into, parse_duration(*text));
  return {};
}

Result<void> read_value(const Value& value, int& into) {
  GODWIT_TRY(into, read_number<int>(value, "a whole number"));
  return {};
}

Result<void> read_value(const Value& value, std::uint32_t& into) {
  GODWIT_TRY(into, read_number<std::uint32_t>(value, "a whole number from 0"));
  return {};
}

Result<void> read_value(const Value& value, std::uint64_t& into) {
  GODWIT_TRY(into, read_number<std::uint64_t>(value, "a whole number from 0"));
  return {};
}

Result<void> read_value(const Value& value, Mode& into) { return read_word(value, kModes, into); }
Result<void> read_value(const Value& value, OnInsufficientAcks& into) {
  return read_word(value, kOnInsufficientAcks, into);
}

Result<void> read_value(const Value& value, JournalPayload& into) {
  return read_word(value, kPayloads, into);
}
Result<void> read_value(const Value& value, ReadPreference& into) {
  return read_word(value, kPreferences, into);
}
Result<void> read_value(const Value& value, ConflictPolicy& into) {
  return read_word(value, kPolicies, into);
}
Result<void> read_value(const Value& value, LogLevel& into) {
  return read_word(value, kLevels, into);
}
Result<void> read_value(const Value& value, LogFormat& into) {
  return read_word(value, kFormats, into);
}

Result<void> read_size(const Value& value, Bytes& into) {
  if (std::holds_alternative<std::int64_t>(value.any)) return read_value(value, into);
  const auto* text = std::get_if<std::string>(&value.any);
  if (text == nullptr) return must_be("a size, such as \"8MiB\"");
  GODWIT_TRY(into, parse_bytes(*text));
  return {};
}

Result<void> read_units(const Value& value, Duration unit, Duration& into) {
  GODWIT_TRY(const double number, read_fraction(value));
  const double seconds = number * std::chrono::duration<double>(unit).count();
  if (!(seconds >= 0 && seconds <= kMostSeconds)) return must_be("a number from 0, of some years");
  into = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  return {};
}

Result<void> read_secret(const Value& value, SecretIn where, std::string& into) {
  std::string text;
  GODWIT_CHECK(read_value(value, text));
  if (where == SecretIn::value) {
    into = std::move(text);
    return {};
  }
  if (where == SecretIn::variable) {
    auto found = value.world.environment(text);
    if (!found) {
      return fail(Error(Code::invalid_argument, "$" + text + " is not set").with_hint("set it"));
    }
    into = *std::move(found);
    return {};
  }
  std::string path = text;
  if (!path.starts_with('/')) {
    const auto directory = value.world.environment("CREDENTIALS_DIRECTORY");
    if (!directory || !directory->starts_with('/')) {
      return fail(Error(Code::invalid_argument, text + " is no absolute path")
                      .with_hint("other names are of $CREDENTIALS_DIRECTORY, which is not set"));
    }
    path = *directory + "/" + text;
  }
  GODWIT_TRY(auto content, read_file_if_there(value.world.disk(), path, kLargestSecret));
  if (!content) {
    return fail(
        Error(Code::invalid_argument, path + " does not exist").with_hint("check the path"));
  }
  while (content->ends_with('\n') || content->ends_with('\r')) content->pop_back();
  into = *std::move(content);
  return {};
}

std::string show_value(const std::string& value) { return value; }
std::string show_value(bool value) { return value ? "true" : "false"; }
std::string show_value(Duration value) {
  using std::chrono::milliseconds;
  const auto ms = std::chrono::duration_cast<milliseconds>(value).count();
  if (ms % 60'000 == 0 && ms != 0) return std::to_string(ms / 60'000) + "m";
  if (ms % 1000 == 0) return std::to_string(ms / 1000) + "s";
  return std::to_string(ms) + "ms";
}
std::string show_value(int value) { return std::to_string(value); }
std::string show_value(std::uint32_t value) { return std::to_string(value); }
std::string show_value(std::uint64_t value) { return std::to_string(value); }
std::string show_value(Mode value) { return show_word(kModes, value); }
std::string show_value(OnInsufficientAcks value) { return show_word(kOnInsufficientAcks, value); }
std::string show_value(JournalPayload value) { return show_word(kPayloads, value); }
std::string show_value(ReadPreference value) { return show_word(kPreferences, value); }
std::string show_value(ConflictPolicy value) { return show_word(kPolicies, value); }
std::string show_value(LogLevel value) { return show_word(kLevels, value); }
std::string show_value(LogFormat value) { return show_word(kFormats, value); }

std::string show_size(Bytes value) {
  std::string text = format_bytes(value);
  std::erase(text, ' ');
  return text;
}

std::string show_units(Duration value, Duration unit) {
  return std::to_string(value.count() / unit.count());
}

std::string values_of(const std::string&) { return "text"; }
std::string values_of(bool) { return "`true`, `false`"; }
std::string values_of(Duration) { return "duration"; }
std::string values_of(int) { return "number"; }
std::string values_of(std::uint32_t) { return "number"; }
std::string values_of(std::uint64_t) { return "number"; }
std::string values_of(Mode) { return list_words(kModes); }
std::string values_of(OnInsufficientAcks) { return list_words(kOnInsufficientAcks); }
std::string values_of(JournalPayload) { return list_words(kPayloads); }
std::string values_of(ReadPreference) { return list_words(kPreferences); }
std::string values_of(ConflictPolicy) { return list_words(kPolicies); }
std::string values_of(LogLevel) { return list_words(kLevels); }
std::string values_of(LogFormat) { return list_words(kFormats); }

}  // namespace godwit::service
