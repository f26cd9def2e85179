#include "replication/gate.h"

namespace godwit::replication {

Task<Gate::Pass> Gate::enter(const Context& context) {
  // Short: whoever closed the gate opens it again, moved or not.
  constexpr Duration kLook = std::chrono::milliseconds(20);
  activity_.note();
  while (!open_) GODWIT_CO_CHECK(co_await context.sleep(kLook));
  co_return Pass(*this);
}

asio::awaitable<void> Gate::drained() {
  while (inside_ > 0) co_await changed_.wait();
}

void Gate::open() { open_ = true; }

}  // namespace godwit::replication
