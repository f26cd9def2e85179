#include <utility>

#include "api/session.h"

namespace godwit::api {
namespace {

constexpr Duration kLook = std::chrono::milliseconds(10);
/// How many looks there are for one that is told.
constexpr std::uint64_t kLooksToTell = 25;

/// Hears how the next whole comparison of a target ends.
class Listener {
 public:
  Listener(replication::Events& events, std::string target)
      : events_(events), target_(std::move(target)) {
    subscription_ = events_.subscribe([this](const Event& event) { hear(event); });
  }
  Listener(Listener&&) = delete;
  ~Listener() { events_.unsubscribe(subscription_); }

  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] const std::string& message() const { return message_; }

 private:
  void hear(const Event& event) {
    if (event.target != target_) return;
    // One that began before says nothing of what was asked for since.
    if (event.type == EventType::sync_started) started_ = true;
    if (event.type != EventType::sync_completed || !started_) return;
    ended_ = true;
    failed_ = event.failed;
    message_ = event.message;
  }

  replication::Events& events_;
  std::string target_;
  std::uint64_t subscription_ = 0;
  bool started_ = false;
  bool ended_ = false;
  bool failed_ = false;
  std::string message_;
};

Error goes_on(Code code, const std::string& what) {
  return Error(code, what).with_hint("the comparison goes on by itself; see `status`");
}

}  // namespace

Task<SyncReport> Session::full_sync(const Context& context, const std::string& target,
                                    const ProgressSink& progress) {
  const TargetStatus before = status_of(target);
  if (before.state == State::paused) {
    co_return fail(Error(Code::precondition_failed, "'" + target + "' is paused")
                       .with_hint("resume it first"));
  }
  const MonoTime start = world_.mono_now();
  Listener listener(group_->events(), target);
  GODWIT_CO_CHECK(group_->compare_anew(target));
  TargetStatus now = before;
  for (std::uint64_t looks = 1; !listener.ended(); ++looks) {
    const auto far = group_->comparison_of(target);
    if (far && looks % kLooksToTell == 0) progress(*far);
    auto waited = co_await context.sleep(kLook);
    now = status_of(target);
    if (!waited) {
      co_return fail(goes_on(waited.error().code(), "'" + target + "' is not done"));
    }
    if (now.health == Health::unhealthy) {
      co_return fail(goes_on(Code::unavailable, "'" + target + "' does not answer"));
    }
  }
  if (listener.failed() && now.dead_letters == 0) {
    co_return fail(goes_on(Code::unavailable, listener.message()));
  }
  now = status_of(target);
  co_return SyncReport{.items_synced = now.counts.replicated - before.counts.replicated,
                       .items_failed = now.dead_letters,
                       .duration = world_.mono_now() - start};
}

}  // namespace godwit::api
