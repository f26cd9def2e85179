#include "replication/teller.h"

#include <utility>

namespace godwit::replication {

Teller::Teller(World& world, std::function<void()> tell)
    : world_(world), tell_(std::move(tell)), task_(world.executor()) {
  if (tell_) task_.spawn(tell_now_and_then());
}

asio::awaitable<void> Teller::tell_now_and_then() {
  const Context context = Context(world_).with_cancel(stop_.token());
  while (co_await context.sleep(kInterval)) tell_();
}

asio::awaitable<void> Teller::stop() {
  stop_.cancel();
  co_await task_.join();
  if (tell_) tell_();
}

}  // namespace godwit::replication
