#include "world/cancel.h"

#include <utility>

namespace godwit {

struct CancelRegistration::Node {
  std::move_only_function<void()> listener;
  std::weak_ptr<CancelToken::State> state;
  Node* previous = nullptr;
  Node* next = nullptr;
};

struct CancelToken::State {
  bool cancelled = false;
  CancelRegistration::Node* first = nullptr;
  CancelRegistration::Node* last = nullptr;

  void append(CancelRegistration::Node* node) {
    node->previous = last;
    (last != nullptr ? last->next : first) = node;
    last = node;
  }

  void unlink(CancelRegistration::Node* node) {
    (node->previous != nullptr ? node->previous->next : first) = node->next;
    (node->next != nullptr ? node->next->previous : last) = node->previous;
    node->previous = node->next = nullptr;
    node->state.reset();
  }

  // A listener may unregister itself or others, so the list is taken from the front each time.
  void cancel() {
    if (std::exchange(cancelled, true)) return;
    while (first != nullptr) {
      CancelRegistration::Node* node = first;
      unlink(node);
      auto listener = std::move(node->listener);
      listener();
    }
  }
};

CancelRegistration::CancelRegistration() = default;
CancelRegistration::CancelRegistration(CancelRegistration&&) noexcept = default;

CancelRegistration& CancelRegistration::operator=(CancelRegistration&& other) noexcept {
  CancelRegistration gone(std::move(*this));
  node_ = std::move(other.node_);
  return *this;
}

CancelRegistration::~CancelRegistration() {
  if (!node_) return;
  if (const auto state = node_->state.lock()) state->unlink(node_.get());
}

bool CancelToken::cancelled() const { return state_ && state_->cancelled; }

CancelRegistration CancelToken::on_cancel(std::move_only_function<void()> listener) const {
  CancelRegistration registration;
  if (!state_) return registration;
  if (state_->cancelled) {
    listener();
    return registration;
  }
  registration.node_ = std::make_unique<CancelRegistration::Node>();
  registration.node_->listener = std::move(listener);
  registration.node_->state = state_;
  state_->append(registration.node_.get());
  return registration;
}

CancelSource::CancelSource() { token_.state_ = std::make_shared<CancelToken::State>(); }

CancelSource::CancelSource(const CancelToken& parent) : CancelSource() {
  parent_ = parent.on_cancel([state = token_.state_] { state->cancel(); });
}

void CancelSource::cancel() { token_.state_->cancel(); }

}  // namespace godwit
