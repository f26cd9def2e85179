#pragma once

#include <functional>
#include <memory>

namespace godwit {

class CancelToken;

/// A place in a token's list of listeners; leaves the list when it is destroyed.
class CancelRegistration {
 public:
  CancelRegistration();
  CancelRegistration(CancelRegistration&&) noexcept;
  CancelRegistration& operator=(CancelRegistration&&) noexcept;
  ~CancelRegistration();

 private:
  friend class CancelToken;
  struct Node;
  std::unique_ptr<Node> node_;
};

/// Tells whoever holds it that the work is no longer wanted.
///
/// A default-made token can never be cancelled. Concurrency: tokens of one source belong to one
/// executor; a signal handler or another thread posts there first.
class CancelToken {
 public:
  CancelToken() = default;
  [[nodiscard]] bool cancelled() const;
  /// Calls `listener` once, from within `CancelSource::cancel()`; at once if that has happened.
  [[nodiscard]] CancelRegistration on_cancel(std::move_only_function<void()> listener) const;

 private:
  friend class CancelSource;
  friend class CancelRegistration;
  struct State;
  std::shared_ptr<State> state_;
};

/// The other end: one owner says stop.
class CancelSource {
 public:
  CancelSource();
  /// Is also cancelled when `parent` is.
  explicit CancelSource(const CancelToken& parent);
  CancelSource(CancelSource&&) noexcept = default;
  CancelSource& operator=(CancelSource&&) noexcept = default;
  ~CancelSource() = default;

  [[nodiscard]] const CancelToken& token() const { return token_; }
  /// Idempotent. Listeners run in the order of their registration, before this returns.
  void cancel();

 private:
  CancelToken token_;
  CancelRegistration parent_;
};

}  // namespace godwit
