#include "replication/background.h"

#include <utility>

namespace godwit::replication {

void Background::start() {
  for (auto& [name, target] : engine_.targets) start_agent(*target);
  const Context context =
      Context(engine_.world).with_cancel(stop_.token()).with_request_id("settle");
  tasks_.spawn(settle_suspects(context, engine_));
  tasks_.spawn(writer_.settle(context));
}

asio::awaitable<void> Background::stop() {
  stop_.cancel();
  engine_.changed.notify_all();
  const auto agents = std::exchange(agents_, {});
  for (const auto& [name, agent] : agents) co_await agent->stop();
  co_await tasks_.join();
  stop_ = CancelSource();
}

void Background::start_agent(Target& target) {
  auto& agent = agents_[target.config.name];
  agent = std::make_unique<TargetAgent>(engine_, conflicts_, target);
  agent->start();
}

void Background::set_workers(const std::string& target) {
  const auto found = agents_.find(target);
  if (found != agents_.end()) found->second->set_workers();
}

asio::awaitable<void> Background::stop_agent(const std::string& target) {
  const auto found = agents_.find(target);
  if (found == agents_.end()) co_return;
  const std::unique_ptr<TargetAgent> agent = std::move(found->second);
  agents_.erase(found);
  co_await agent->stop();
}

}  // namespace godwit::replication
