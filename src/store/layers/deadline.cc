#include "store/layers/deadline.h"

#include "store/layers/around.h"

namespace godwit {
namespace {

bool takes_its_time(Operation operation) {
  return operation == Operation::get || operation == Operation::copy ||
         operation == Operation::copy_part || operation == Operation::complete_upload ||
         operation == Operation::flush;
}

class DeadlineStore final : public Around {
 public:
  DeadlineStore(std::unique_ptr<Store> inner, DeadlinePolicy policy)
      : Around(std::move(inner)), policy_(policy) {}

 protected:
  Task<Context> before(const Context& context, StoreCall call) override {
    if (takes_its_time(call.operation)) co_return context;
    const auto sending = std::chrono::seconds(call.sent / policy_.slowest_rate);
    co_return context.with_timeout(policy_.per_call + sending);
  }

 private:
  DeadlinePolicy policy_;
};

}  // namespace

std::unique_ptr<Store> with_deadlines(std::unique_ptr<Store> inner, DeadlinePolicy policy) {
  return std::make_unique<DeadlineStore>(std::move(inner), policy);
}

}  // namespace godwit
