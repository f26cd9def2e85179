#include "store/layers/layers.h"

#include <utility>

namespace godwit {

std::unique_ptr<Store> with_layers(std::unique_ptr<Store> driver, const LayerOptions& options) {
  std::unique_ptr<Store> store = std::move(driver);
  if (options.faults != nullptr) store = with_chaos(std::move(store), options.faults);
  if (options.calls_per_second) {
    store = with_throttle(std::move(store), *options.calls_per_second);
  }
  store = with_retries(std::move(store), options.retry);
  if (options.deadline.per_call > Duration::zero()) {
    store = with_deadlines(std::move(store), options.deadline);
  }
  if (options.metrics != nullptr) store = with_metrics(std::move(store), *options.metrics);
  const bool tells = options.slow.log != nullptr && options.slow.most > Duration::zero();
  if (tells) store = with_slow_calls(std::move(store), options.slow);
  return store;
}

}  // namespace godwit
