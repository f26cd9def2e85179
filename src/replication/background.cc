#include "replication/background.h"

namespace godwit::replication {

void Background::start() {
  for (auto& [name, target] : engine_.targets) {
    agents_.push_back(std::make_unique<TargetAgent>(engine_, conflicts_, *target));
    agents_.back()->start(tasks_);
  }
  tasks_.spawn(writer_.settle());
}

asio::awaitable<void> Background::stop() {
  engine_.stop.cancel();
  engine_.changed.notify_all();
  co_await tasks_.join();
  agents_.clear();
  engine_.stop = CancelSource();
}

}  // namespace godwit::replication
