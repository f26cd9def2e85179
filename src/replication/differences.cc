#include "replication/differences.h"

#include <utility>
#include <vector>

#include "replication/versioned.h"
#include "transfer/comparison.h"
#include "transfer/list_diff.h"

namespace godwit::replication {
namespace {

using Ask = std::function<Task<void>(std::string)>;

class Asker final : public transfer::DiffSink {
 public:
  Asker(const Store& primary, const Store& target, const Ask& ask, Differences& found)
      : comparison_(primary.capabilities(), target.capabilities()), ask_(ask), found_(found) {}

  void pair(ListEntry* source, ListEntry* target) override {
    std::string& key = source != nullptr ? source->key : target->key;
    if (key.starts_with(kOwnKeys)) return;
    found_.total += 1;
    const bool same = source != nullptr && target != nullptr &&
                      comparison_.content(*source, *target) == transfer::Verdict::same;
    if (same) {
      found_.same += 1;
    } else {
      keys_.push_back(std::move(key));
      found_.unasked += 1;
    }
  }

  Task<void> room() override {
    for (std::string& key : std::exchange(keys_, {})) {
      // Counted before: it is asked for whatever becomes of the question.
      found_.unasked -= 1;
      GODWIT_CO_CHECK(co_await ask_(std::move(key)));
    }
    co_return Result<void>();
  }

 private:
  transfer::Comparison comparison_;
  const Ask& ask_;
  Differences& found_;
  std::vector<std::string> keys_;
};

}  // namespace

Task<void> find_differences(const Context& context, Engine& engine, Store& target, const Ask& ask,
                            Differences& found) {
  GODWIT_CO_TRY(const auto marker, co_await read_marker(context, *engine.primary));
  if (!marker) co_return fail(Code::precondition_failed, "the primary has lost its marker");
  Asker asker(*engine.primary, target, ask, found);
  const transfer::DiffOptions options;
  GODWIT_CO_CHECK(co_await transfer::list_diff(context, *engine.primary, target, options, asker));
  co_return co_await asker.room();
}

}  // namespace godwit::replication
