#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace godwit {

/// What went wrong, told apart by what a caller does about it (never by who said it).
enum class Code : std::uint8_t {
  invalid_argument,     ///< The call cannot succeed as made: fix the input, the URL, the config.
  not_found,            ///< The object, bucket or upload is not there. An answer, not a failure.
  precondition_failed,  ///< A condition did not hold: exists already, changed meanwhile.
  permission_denied,    ///< Credentials are missing, wrong, expired or not enough.
  throttled,            ///< The service asks to slow down (429, 503 SlowDown).
  unavailable,          ///< The service or the way to it is down: refused, reset, 5xx, DNS.
  timed_out,            ///< A deadline or an idle limit passed.
  cancelled,            ///< The caller asked to stop.
  corrupted,            ///< Bytes do not match their proof, or a peer broke its protocol.
  no_space,             ///< Disk or quota is full.
  unsupported,          ///< The store cannot do this (see its Capabilities).
  limit_exceeded,       ///< A bound that we set ourselves was reached (`--max-delete`, a queue).
  internal,             ///< A bug of ours. Please report.
};

/// May the same call be made again, unchanged?
enum class Retry : std::uint8_t {
  never,  ///< It will fail again.
  later,  ///< It may succeed after a pause.
};

/// Did the operation take effect at the store?
enum class Outcome : std::uint8_t {
  not_applied,  ///< Certainly not.
  applied,      ///< It did, and the error is about what came after.
  unknown,      ///< It may have, or may yet. Never retried blindly.
};

/// The place that an error speaks of. Empty fields are unknown.
struct Where {
  std::string region;
  std::string store;  ///< the store's printable URL, without secrets
  std::string operation;
  std::string key;
};

/// One failure: what, where, may I retry, did it take effect, what to do next.
///
/// A value of two words; the details live on the heap, so that a `Result` stays small.
/// Thread-safety: as a value.
class Error {
 public:
  Error(Code code, std::string message);
  Error(const Error& other);
  Error& operator=(const Error& other);
  Error(Error&&) noexcept;
  Error& operator=(Error&&) noexcept;
  ~Error();

  [[nodiscard]] Code code() const { return code_; }
  [[nodiscard]] Retry retry() const { return retry_; }
  [[nodiscard]] Outcome outcome() const { return outcome_; }
  [[nodiscard]] const std::string& message() const;
  [[nodiscard]] const Where& where() const;
  [[nodiscard]] const std::string& hint() const;
  /// The least pause that the service asked for (`Retry-After`), if it did.
  [[nodiscard]] std::optional<std::chrono::milliseconds> retry_after() const;

  // Builders: each returns *this, so that an error is made in one expression.
  Error&& with(Retry retry) &&;
  Error&& with(Outcome outcome) &&;
  Error&& with_hint(std::string hint) &&;
  Error&& with_retry_after(std::chrono::milliseconds pause) &&;
  /// Fills the fields of `where()` that are still empty: the innermost place wins.
  Error&& at(Where where) &&;
  /// Puts "`context`: " before the message.
  Error&& because_of(std::string_view context) &&;

  /// One line for people: "STORE: OPERATION KEY: message (hint)".
  [[nodiscard]] std::string to_string() const;

 private:
  struct Detail;
  std::unique_ptr<Detail> detail_;
  Code code_;
  Retry retry_;
  Outcome outcome_ = Outcome::not_applied;
};

/// The name used in logs, `--json` and docs: "not_found".
[[nodiscard]] std::string_view to_string(Code code);
[[nodiscard]] std::string_view to_string(Outcome outcome);

/// What a call yields, or why not.
template <class T>
using Result = std::expected<T, Error>;

}  // namespace godwit
