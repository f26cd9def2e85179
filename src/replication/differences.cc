#include "replication/differences.h"

#include <utility>
#include <vector>

#include "replication/versioned.h"
#include "transfer/comparison.h"
#include "transfer/list_diff.h"

namespace godwit::replication {
namespace {

class Asker final : public transfer::DiffSink {
 public:
  Asker(const Store& primary, const Store& target, const Questions& questions, Differences& found)
      : comparison_(primary.capabilities(), target.capabilities()),
        questions_(questions),
        found_(found) {}

  void pair(ListEntry* source, ListEntry* target) override {
    const std::string& key = source != nullptr ? source->key : target->key;
    if (key.starts_with(kOwnKeys)) return;
    found_.total += 1;
    if (source != nullptr && target != nullptr && same(*source, *target)) {
      found_.same += 1;
    } else {
      Found found{.what = {.key = key}, .gone = source == nullptr};
      if (target == nullptr) found.what.missing = std::move(*source);
      differ_.push_back(std::move(found));
      found_.unasked += 1;
    }
  }

  Task<void> room() override {
    for (Found& each : std::exchange(differ_, {})) {
      // Counted before: it is asked for whatever becomes of the question.
      found_.unasked -= 1;
      const auto& ask = each.gone && questions_.ask_gone ? questions_.ask_gone : questions_.ask;
      GODWIT_CO_CHECK(co_await ask(std::move(each.what)));
    }
    co_return Result<void>();
  }

 private:
  struct Found {
    Difference what;
    bool gone = false;  ///< only the target has it
  };

  [[nodiscard]] bool same(const ListEntry& source, const ListEntry& target) const {
    if (questions_.proof == Proof::content) {
      return comparison_.content(source, target) == transfer::Verdict::same;
    }
    return !comparison_.needs_copy(source, target, transfer::Compare::automatic);
  }

  transfer::Comparison comparison_;
  const Questions& questions_;
  Differences& found_;
  std::vector<Found> differ_;
};

}  // namespace

Task<void> find_differences(const Context& context, Engine& engine, Store& target,
                            const Questions& questions, Differences& found) {
  GODWIT_CO_TRY(const auto marker, co_await read_marker(context, *engine.primary));
  if (!marker) co_return fail(lost_its_marker(*engine.primary));
  Asker asker(*engine.primary, target, questions, found);
  const transfer::DiffOptions options;
  GODWIT_CO_CHECK(co_await transfer::list_diff(context, *engine.primary, target, options, asker));
  found.listed = true;
  co_return co_await asker.room();
}

WorkProgress progress_of(const Differences& found, std::optional<std::uint64_t> estimate,
                         std::uint64_t done) {
  if (found.listed) return {.done = done, .total = found.total};
  return {.done = done, .total = estimate, .total_is_estimate = estimate.has_value()};
}

}  // namespace godwit::replication
