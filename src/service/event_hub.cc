#include "service/event_hub.h"

#include <utility>

#include "service/json.h"
#include "world/context.h"

namespace godwit::service {

std::string server_sent(const std::string& group, const Event& event) {
  Json json{{"group", group}};
  json.update(Json::parse(to_json(event)));
  return "id: " + group + ":" + std::to_string(event.number) +
         "\nevent: " + std::string(to_string(event.type)) + "\ndata: " + dump(json) + "\n\n";
}

void Subscription::push(const std::string& group, const Event& event) {
  if (!filter_.group.empty() && filter_.group != group) return;
  if (filter_.writes == Writes::none && event.type == EventType::write_replicated) return;
  waiting_.push_back(server_sent(group, event));
  if (waiting_.size() > kMostWaiting) {
    waiting_.pop_front();
    ++dropped_;
  }
  if (wake_ != nullptr) wake_->cancel();
}

std::string Subscription::take() {
  std::string text;
  for (const std::string& each : std::exchange(waiting_, {})) text += each;
  return text;
}

asio::awaitable<void> Subscription::wait(World& world, Duration most, CancelToken stop) {
  if (!waiting_.empty()) co_return;
  CancelSource wake(stop);
  wake_ = &wake;
  (void)co_await world.sleep_until(world.mono_now() + most, wake.token());
  wake_ = nullptr;
}

void EventHub::tell(const std::string& group, const Event& event) {
  asio::post(world_.executor(), [weak = weak_from_this(), group, event] {
    const auto hub = weak.lock();
    if (!hub) return;
    std::erase_if(hub->listeners_, [](const auto& listener) { return listener.expired(); });
    for (const auto& listener : hub->listeners_) {
      if (const auto alive = listener.lock()) alive->push(group, event);
    }
  });
}

std::shared_ptr<Subscription> EventHub::subscribe(EventFilter filter) {
  auto made = std::make_shared<Subscription>(std::move(filter));
  listeners_.insert(made);
  return made;
}

}  // namespace godwit::service
