#pragma once

#include "replication/engine.h"
#include "transfer/copy.h"

namespace godwit::replication {

/// What the mover needs around copies between the stores of a group.
/// Concurrency: engine executor.
class Copies {
 public:
  explicit Copies(Engine& engine);
  Copies(Copies&&) = delete;

  /// Lives no longer than this, the stores and `annotate`.
  [[nodiscard]] transfer::Copier between(const transfer::StorePair& stores,
                                         const transfer::Annotate* annotate = nullptr) {
    return {stores, options_, {engine_.world, slots_, progress_, deaf_, annotate}};
  }

 private:
  class Deaf final : public transfer::Observer {
   public:
    void on_event(const transfer::Event&) override {}
    void on_start(const transfer::Progress&) override {}
  };

  Engine& engine_;
  transfer::Slots slots_;
  transfer::Progress progress_;
  Deaf deaf_;
  transfer::TransferOptions options_;
};

}  // namespace godwit::replication
