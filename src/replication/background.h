#pragma once

#include <map>
#include <memory>
#include <string>

#include "replication/target_agent.h"
#include "replication/writer.h"

namespace godwit::replication {

/// What goes on without anybody calling: the agents of the targets, and the settling of writes
/// whose answer was lost. Ends and begins anew when the primary moves.
/// Concurrency: engine executor.
class Background {
 public:
  /// All outlive this.
  Background(Engine& engine, Writer& writer, Conflicts& conflicts)
      : engine_(engine), writer_(writer), conflicts_(conflicts), tasks_(engine.world.executor()) {}

  void start();
  /// Cancels what is under way and waits for its end. Nothing happens when it has ended already.
  [[nodiscard]] asio::awaitable<void> stop();
  void start_agent(Target& target);
  /// As many as its config says. Nothing happens while there is no agent.
  void set_workers(const std::string& target);
  [[nodiscard]] asio::awaitable<void> stop_agent(const std::string& target);

 private:
  Engine& engine_;
  Writer& writer_;
  Conflicts& conflicts_;
  std::map<std::string, std::unique_ptr<TargetAgent>> agents_;
  CancelSource stop_;
  TaskGroup tasks_;
};

}  // namespace godwit::replication
