#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/result.h"
#include "godwit/types.h"
#include "service/config.h"

namespace godwit::service {

/// A value as it was found: typed in a file, always text in the environment and in flags.
struct Value {
  using Any = std::variant<std::string, std::int64_t, double, bool>;
  World& world;  ///< for what a value leads to: a variable, a file
  Any any;
  bool plain_text = false;  ///< not from a file: numbers are written as text
};

// What a value says, or invalid_argument with what it should look like. `Bytes` is a std::uint64_t,
// so sizes have names of their own.
[[nodiscard]] Result<void> read_value(const Value& value, std::string& into);
[[nodiscard]] Result<void> read_value(const Value& value, bool& into);
[[nodiscard]] Result<void> read_value(const Value& value, Duration& into);
[[nodiscard]] Result<void> read_value(const Value& value, int& into);
[[nodiscard]] Result<void> read_value(const Value& value, std::uint32_t& into);
[[nodiscard]] Result<void> read_value(const Value& value, std::uint64_t& into);
[[nodiscard]] Result<void> read_value(const Value& value, Mode& into);
[[nodiscard]] Result<void> read_value(const Value& value, OnInsufficientAcks& into);
[[nodiscard]] Result<void> read_value(const Value& value, JournalPayload& into);
[[nodiscard]] Result<void> read_value(const Value& value, ReadPreference& into);
[[nodiscard]] Result<void> read_value(const Value& value, ConflictPolicy& into);
[[nodiscard]] Result<void> read_value(const Value& value, LogLevel& into);
[[nodiscard]] Result<void> read_value(const Value& value, LogFormat& into);
/// "8MiB", or a number of bytes.
[[nodiscard]] Result<void> read_size(const Value& value, Bytes& into);
/// A number of `unit`s, fractions too.
[[nodiscard]] Result<void> read_units(const Value& value, Duration unit, Duration& into);

/// Where a secret is.
enum class SecretIn : std::uint8_t { value, variable, file };
/// The secret itself, that of the variable which it names, or of the file: a path that is not
/// absolute is below $CREDENTIALS_DIRECTORY, where systemd puts them.
[[nodiscard]] Result<void> read_secret(const Value& value, SecretIn where, std::string& into);

/// As a file would say it; the default of a key in the reference.
[[nodiscard]] std::string show_value(const std::string& value);
[[nodiscard]] std::string show_value(bool value);
[[nodiscard]] std::string show_value(Duration value);
[[nodiscard]] std::string show_value(int value);
[[nodiscard]] std::string show_value(std::uint32_t value);
[[nodiscard]] std::string show_value(std::uint64_t value);
[[nodiscard]] std::string show_value(Mode value);
[[nodiscard]] std::string show_value(OnInsufficientAcks value);
[[nodiscard]] std::string show_value(JournalPayload value);
[[nodiscard]] std::string show_value(ReadPreference value);
[[nodiscard]] std::string show_value(ConflictPolicy value);
[[nodiscard]] std::string show_value(LogLevel value);
[[nodiscard]] std::string show_value(LogFormat value);
[[nodiscard]] std::string show_size(Bytes value);
[[nodiscard]] std::string show_units(Duration value, Duration unit);

/// What a key takes, in words of the reference.
[[nodiscard]] std::string values_of(const std::string& value);
[[nodiscard]] std::string values_of(bool value);
[[nodiscard]] std::string values_of(Duration value);
[[nodiscard]] std::string values_of(int value);
[[nodiscard]] std::string values_of(std::uint32_t value);
[[nodiscard]] std::string values_of(std::uint64_t value);
[[nodiscard]] std::string values_of(Mode value);
[[nodiscard]] std::string values_of(OnInsufficientAcks value);
[[nodiscard]] std::string values_of(JournalPayload value);
[[nodiscard]] std::string values_of(ReadPreference value);
[[nodiscard]] std::string values_of(ConflictPolicy value);
[[nodiscard]] std::string values_of(LogLevel value);
[[nodiscard]] std::string values_of(LogFormat value);

}  // namespace godwit::service
