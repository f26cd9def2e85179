#include "store/layers/throttle.h"

#include <algorithm>

#include "store/layers/around.h"

namespace godwit {
namespace {

constexpr Duration kBurst = std::chrono::milliseconds(100);

class ThrottleStore final : public Around {
 public:
  ThrottleStore(std::unique_ptr<Store> inner, double calls_per_second)
      : Around(std::move(inner)),
        pause_(std::chrono::duration_cast<Duration>(
            std::chrono::duration<double>(1 / calls_per_second))) {}

 protected:
  Task<Context> before(const Context& context, StoreCall) override {
    const MonoTime now = context.world().mono_now();
    next_ = std::max(next_, now - kBurst) + pause_;
    const MonoTime mine = next_ - pause_;
    if (mine > now) GODWIT_CO_CHECK(co_await context.sleep(mine - now));
    co_return context;
  }

 private:
  Duration pause_;
  MonoTime next_{};
};

}  // namespace

std::unique_ptr<Store> with_throttle(std::unique_ptr<Store> inner, double calls_per_second) {
  return std::make_unique<ThrottleStore>(std::move(inner), calls_per_second);
}

}  // namespace godwit
