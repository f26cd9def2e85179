#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "store/rocksdb/place.h"
#include "world/world.h"

namespace godwit::rocks {

/// How coroutines get at the tables: on the blocking pool.
class Calls {
 public:
  Calls(World& world, std::shared_ptr<Place> place) : world_(world), place_(std::move(place)) {}

  [[nodiscard]] World& world() const { return world_; }

  /// What `work(const std::shared_ptr<Tables>&)` yields; or why there are no tables.
  template <class F>
  [[nodiscard]] auto run(F work) const {
    using R = std::invoke_result_t<F&, const std::shared_ptr<Tables>&>;
    auto job = [place = place_, work = std::move(work)]() mutable -> R {
      GODWIT_TRY(const std::shared_ptr<Tables> tables, place->tables());
      return work(tables);
    };
    return run_blocking(world_, std::move(job));
  }

  /// Takes in a body as a draft, in memory of a chunk. Leaves nothing when it fails.
  /// Failure: of the body; corrupted when it is not as long as announced; cancelled, timed_out.
  [[nodiscard]] Task<Draft> receive(const Context& context, Upload upload) const;
  /// `commit(*tables, draft)`. Leaves nothing when it fails.
  template <class F>
  [[nodiscard]] auto commit(Draft draft, F commit) const {
    auto work = [draft = std::move(draft),
                 commit = std::move(commit)](const std::shared_ptr<Tables>& tables) {
      auto done = commit(*tables, draft);
      if (!done) tables->bodies.discard(draft);
      return done;
    };
    return run(std::move(work));
  }
  [[nodiscard]] Description description() const;
  /// Ends what this has of the database. None may follow.
  [[nodiscard]] Task<void> close();

 private:
  [[nodiscard]] Task<void> receive_into(const Context& context, Draft& draft, Upload upload) const;

  World& world_;
  std::shared_ptr<Place> place_;
};

}  // namespace godwit::rocks
