#include "store/layers/slow_calls.h"

#include <utility>

#include "store/layers/around.h"

namespace godwit {
namespace {

class SlowCallsStore final : public Around {
 public:
  SlowCallsStore(std::unique_ptr<Store> inner, const SlowCalls& slow)
      : Around(std::move(inner)), slow_(slow) {}

 protected:
  Task<Context> before(const Context& context, StoreCall) override { co_return context; }

  void after(const Context& context, const StoreCall& call, const Ended& ended) override {
    if (ended.elapsed <= slow_.most || !slow_.log->wants(LogLevel::warning)) return;
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(ended.elapsed).count();
    slow_.log->write(LogLevel::warning, "slow call of a store",
                     {{"request_id", std::string(context.request_id())},
                      {"operation", std::string(to_string(call.operation))},
                      {"store", identity().url},
                      {"key", std::string(call.key)},
                      {"ms", std::to_string(ms)},
                      {"error", ended.error == nullptr ? std::string() : ended.error->message()}});
  }

 private:
  SlowCalls slow_;
};

}  // namespace

std::unique_ptr<Store> with_slow_calls(std::unique_ptr<Store> inner, const SlowCalls& slow) {
  return std::make_unique<SlowCallsStore>(std::move(inner), slow);
}

}  // namespace godwit
