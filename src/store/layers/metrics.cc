#include "store/layers/metrics.h"

#include <algorithm>
#include <bit>

namespace godwit {
namespace {

std::size_t bucket_of(Duration elapsed) {
  const auto whole = std::chrono::ceil<std::chrono::milliseconds>(elapsed).count();
  const auto milliseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(whole, 1));
  const auto doublings = static_cast<std::size_t>(std::bit_width(milliseconds - 1));
  return std::min(doublings, StoreMetrics::kBuckets - 1);
}

class CountedBody final : public Body {
 public:
  CountedBody(std::unique_ptr<Body> inner, Bytes& counter)
      : inner_(std::move(inner)), counter_(counter) {}

  Task<std::size_t> read(MutableByteSpan into) override {
    Result<std::size_t> count = co_await inner_->read(into);
    if (count) counter_ += *count;
    co_return count;
  }
  Result<void> rewind() override { return inner_->rewind(); }

 private:
  std::unique_ptr<Body> inner_;
  Bytes& counter_;
};

class MetricsStore final : public Around {
 public:
  MetricsStore(std::unique_ptr<Store> inner, StoreMetrics& metrics)
      : Around(std::move(inner)), metrics_(metrics) {}

 protected:
  Task<Context> before(const Context& context, StoreCall) override { co_return context; }

  void after(const Context&, const StoreCall& call, const Ended& ended) override {
    StoreMetrics::Calls& calls = metrics_.calls[static_cast<std::size_t>(call.operation)];
    calls.time += ended.elapsed;
    ++calls.within[bucket_of(ended.elapsed)];
    if (ended.error == nullptr) {
      ++calls.succeeded;
      metrics_.bytes_written += call.sent;
    } else if (ended.error->code() == Code::not_found) {
      ++calls.absent;
    } else {
      ++calls.failed;
      if (ended.error->outcome() == Outcome::unknown) ++calls.unknown;
    }
  }

  std::unique_ptr<Body> watch(std::unique_ptr<Body> body) override {
    return std::make_unique<CountedBody>(std::move(body), metrics_.bytes_read);
  }

 private:
  StoreMetrics& metrics_;
};

}  // namespace

std::unique_ptr<Store> with_metrics(std::unique_ptr<Store> inner, StoreMetrics& metrics) {
  return std::make_unique<MetricsStore>(std::move(inner), metrics);
}

}  // namespace godwit
