#include "replication/reads.h"

#include <algorithm>
#include <functional>
#include <list>
#include <utility>

#include "replication/versioned.h"

namespace godwit::replication {

namespace {

/// The object's version, and the object as its writer knows it.
Version take_version(ObjectInfo& info) {
  Version version = version_of(info);
  info.metadata.user.erase(kVersionMetadata);
  return version;
}

Task<ReadResult> ask_for_object(const Context& context, Store& store, const std::string& key,
                                const ReadOptions& options) {
  const GetOptions get_options{.range = options.range};
  ReadResult result;
  GODWIT_CO_TRY(result.object, co_await store.get(context, key, get_options));
  result.version = take_version(result.object.info);
  co_return result;
}

Task<HeadResult> ask_for_head(const Context& context, Store& store, const std::string& key,
                              const ReadOptions&) {
  HeadResult result;
  GODWIT_CO_TRY(result.info, co_await store.head(context, key));
  result.version = take_version(result.info);
  co_return result;
}

/// A listing without our own objects.
class OthersOnly final : public Listing {
 public:
  explicit OthersOnly(std::unique_ptr<Listing> all) : all_(std::move(all)) {}

  Task<std::vector<ListEntry>> next(const Context& context) override {
    while (true) {
      GODWIT_CO_TRY(auto page, co_await all_->next(context));
      if (page.empty()) co_return page;
      std::erase_if(page, [](const ListEntry& entry) { return entry.key.starts_with(kOwnKeys); });
      if (!page.empty()) co_return page;
    }
  }

 private:
  std::unique_ptr<Listing> all_;
};

template <class T>
bool is_new_enough(const T& result, const ReadOptions& options) {
  return !options.at_least || result.version >= *options.at_least;
}

/// That a target has nothing does not say that the object was removed after the version that is
/// asked for.
template <class T>
bool ends_read(const std::string& name, const Result<std::optional<T>>& answer,
               const ReadOptions& options) {
  if (answer) return answer->has_value();
  const Code code = answer.error().code();
  const bool nothing = code == Code::not_found && (name.empty() || !options.at_least);
  return nothing || code == Code::invalid_argument || code == Code::cancelled;
}

Error nobody(ReadPreference preference) {
  if (preference != ReadPreference::secondary_only) {
    return {Code::unavailable, "no store has the version that was asked for"};
  }
  return {Code::unavailable,
          "no target is well, lags little enough and has the newest write of the key"};
}

/// A body that can be called off as long as it lives, by whoever may call off the read.
class CancellableBody final : public Body {
 public:
  CancellableBody(CancelSource source, std::unique_ptr<Body> inner)
      : source_(std::move(source)), inner_(std::move(inner)) {}

  Task<std::size_t> read(MutableByteSpan into) override { return inner_->read(into); }
  Result<void> rewind() override { return inner_->rewind(); }

 private:
  CancelSource source_;
  std::unique_ptr<Body> inner_;
};

void keep(ReadResult& result, CancelSource source) {
  auto inner = std::move(result.object.body);
  result.object.body = std::make_unique<CancellableBody>(std::move(source), std::move(inner));
}

/// It has no body.
void keep(HeadResult&, CancelSource) {}

}  // namespace

Task<ReadResult> Router::get(const Context& context, const std::string& key,
                             const ReadOptions& options) {
  co_return co_await first_answer<ReadResult>(context, key, options, &ask_for_object);
}

Task<HeadResult> Router::head(const Context& context, const std::string& key,
                              const ReadOptions& options) {
  co_return co_await first_answer<HeadResult>(context, key, options, &ask_for_head);
}

std::unique_ptr<Listing> Router::list(const ListOptions& options) {
  return std::make_unique<OthersOnly>(engine_.primary->list(options));
}

/// One read for which a second store is asked when the first takes long.
///
/// It ends when all whom it has asked have ended: those who lose are cancelled.
template <class T>
class Router::Race {
 public:
  /// All outlive it.
  Race(Router& router, const Context& context, const std::string& key, const ReadOptions& options)
      : router_(router),
        context_(context),
        key_(key),
        options_(options),
        order_(router.candidates(key, options)),
        tasks_(context.world().executor()) {}

  Task<T> run(Ask<T> ask) {
    auto answer = co_await first(ask);
    for (Runner& runner : runners_) give_up(runner);
    co_await tasks_.join();
    co_return answer;
  }

 private:
  struct Runner {
    std::string name;
    CancelSource cancel;
    MonoTime since;
    bool is_hedge = false;
    std::optional<Result<std::optional<T>>> answer;  // nothing: it is under way
  };

  Task<T> first(Ask<T> ask) {
    while (true) {
      heard_ = CancelSource();
      if (auto answer = heard()) co_return std::move(*answer);
      const MonoTime patience = until();
      if (runners_.empty() || context_.world().mono_now() >= patience) {
        if (co_await start_next(ask)) continue;
        if (runners_.empty()) co_return std::unexpected(std::move(last_));
      }
      (void)co_await context_.world().sleep_until(until(), heard_.token());
    }
  }

  /// The answer of whoever has one. Those that have ended otherwise are let go.
  std::optional<Result<T>> heard() {
    for (auto it = runners_.begin(); it != runners_.end();) {
      const auto at = it++;
      if (!at->answer) continue;
      Runner runner = std::move(*at);
      runners_.erase(at);
      auto& answer = *runner.answer;
      if (!ends_read(runner.name, answer, options_)) {
        if (!answer) last_ = std::move(answer).error();
        continue;
      }
      if (runner.is_hedge) router_.engine_.counts.hedges_won += 1;
      if (!answer) return std::unexpected(std::move(answer).error());
      keep(**answer, std::move(runner.cancel));
      return std::move(**answer);
    }
    return std::nullopt;
  }

  /// How long we wait for the one who was asked alone. Where another one is quicker, that one would
  /// have answered by then.
  [[nodiscard]] MonoTime until() const {
    if (runners_.size() != 1 || next_ == order_.size()) return kNoDeadline;
    const Runner& alone = runners_.front();
    return alone.since + std::min(usual(alone.name), usual(order_.at(next_)));
  }
  [[nodiscard]] Duration usual(const std::string& name) const {
    const ReadTimes* times = router_.times_of(name);
    return times == nullptr ? ReadTimes::kUnknown : times->p95();
  }

  /// Of who took longer than usual by then, that is known.
  void give_up(Runner& runner) {
    const Duration taken = context_.world().mono_now() - runner.since;
    ReadTimes* times = router_.times_of(runner.name);
    if (!runner.answer && times != nullptr && taken > times->p95()) times->add(taken);
    runner.cancel.cancel();
  }

  /// False: nobody is left.
  asio::awaitable<bool> start_next(Ask<T> ask) {
    while (next_ < order_.size()) {
      const std::string name = order_.at(next_);
      const bool may_answer = co_await router_.has_newest(name, key_);
      if (heard_.token().cancelled()) co_return true;  // somebody has answered meanwhile
      ++next_;
      if (!may_answer) continue;
      const bool is_hedge = !runners_.empty();
      if (is_hedge) router_.engine_.counts.hedged_reads += 1;
      Runner& runner = runners_.emplace_back(Runner{.name = name,
                                                    .cancel = CancelSource(context_.cancel()),
                                                    .since = context_.world().mono_now(),
                                                    .is_hedge = is_hedge});
      tasks_.spawn(run_one(&runner, ask));
      co_return true;
    }
    co_return false;
  }

  asio::awaitable<void> run_one(Runner* runner, Ask<T> ask) {
    const Context context = context_.with_cancel(runner->cancel.token());
    runner->answer = co_await router_.consult(context, runner->name, key_, options_, ask);
    heard_.cancel();
  }

  Router& router_;
  const Context& context_;
  const std::string& key_;
  const ReadOptions& options_;
  const std::vector<std::string> order_;
  std::size_t next_ = 0;  // of order_: who is asked next
  std::list<Runner> runners_;
  Error last_ = nobody(ReadPreference::any);
  CancelSource heard_;  // cancelled when somebody has ended
  TaskGroup tasks_;
};

template <class T>
Task<T> Router::answer_of(const Context& context, const std::string& key,
                          const ReadOptions& options, Ask<T> ask) {
  const std::string name = options.from == engine_.config.primary ? "" : options.from;
  if (store_of(name) == nullptr) {
    co_return fail(Code::not_found, "the group has no store '" + name + "'");
  }
  if (!name.empty() && engine_.targets.at(name)->state == State::paused) {
    co_return fail(
        Error(Code::precondition_failed, "'" + name + "' is paused").with_hint("resume it first"));
  }
  auto answer = co_await consult(context, name, key, options, ask);
  if (!answer) co_return std::unexpected(std::move(answer).error());
  if (!*answer) co_return fail(nobody(ReadPreference::any));
  co_return std::move(**answer);
}

template <class T>
Task<T> Router::first_answer(const Context& context, const std::string& key,
                             const ReadOptions& options, Ask<T> ask) {
  GODWIT_CO_CHECK(check_user_key(key));
  if (!options.from.empty()) co_return co_await answer_of<T>(context, key, options, ask);
  if (preference_of(options) == ReadPreference::any) {
    Race<T> race(*this, context, key, options);
    co_return co_await race.run(ask);
  }
  Error last = nobody(preference_of(options));
  for (const std::string& name : candidates(key, options)) {
    if (!co_await has_newest(name, key)) continue;
    auto answer = co_await consult(context, name, key, options, ask);
    if (ends_read(name, answer, options)) {
      if (answer) co_return std::move(**answer);
      co_return std::unexpected(std::move(answer).error());
    }
    if (!answer) last = std::move(answer).error();
  }
  co_return std::unexpected(std::move(last));
}

template <class T>
Task<std::optional<T>> Router::consult(const Context& context, const std::string& name,
                                       const std::string& key, const ReadOptions& options,
                                       Ask<T> ask) {
  Store* store = store_of(name);
  if (store == nullptr) co_return std::nullopt;
  const std::string from = name.empty() ? engine_.config.primary : name;
  const MonoTime begun = engine_.world.mono_now();
  auto answer = co_await ask(context, *store, key, options);
  ReadTimes* times = times_of(name);
  const bool answered = answer || answer.error().code() == Code::not_found;
  if (answered && times != nullptr) times->add(engine_.world.mono_now() - begun);
  if (!answer) co_return std::unexpected(std::move(answer).error());
  answer->from = from;
  if (!is_new_enough(*answer, options)) co_return std::nullopt;
  co_return std::move(*answer);
}

/// Exact freshness: whoever lacks this very key is not asked.
asio::awaitable<bool> Router::has_newest(const std::string& name, const std::string& key) {
  if (name.empty()) co_return !engine_.suspects.contains(key);
  const auto lacks = co_await engine_.journal.lacks(name, key);
  co_return lacks && !*lacks;
}

ReadPreference Router::preference_of(const ReadOptions& options) const {
  return options.preference.value_or(engine_.config.read_preference);
}

std::vector<std::string> Router::candidates(const std::string& key, const ReadOptions& options) {
  const ReadPreference preference = preference_of(options);
  if (preference == ReadPreference::primary && !engine_.suspects.contains(key)) return {""};
  std::vector<std::string> order = in_turn();
  if (preference == ReadPreference::secondary_only) return order;
  order.emplace_back();
  if (preference == ReadPreference::nearest || preference == ReadPreference::any) {
    const bool by_region = preference == ReadPreference::nearest;
    std::ranges::stable_sort(order, {}, [&](const std::string& name) {
      const auto& [region, distance] = place_of_answer(name);
      return std::pair(by_region && region != options.region, distance);
    });
  }
  return order;
}

/// Each gets its weight in credit, and who has most pays for all: so turns are as the weights say
/// over any while, and those of one target are spread evenly.
std::vector<std::string> Router::in_turn() {
  std::vector<Target*> order;
  std::int64_t total = 0;
  for (const auto& [name, target] : engine_.targets) {
    if (!eligible(*target)) continue;
    order.push_back(target.get());
    target->read_credit += target->config.read_weight;
    total += target->config.read_weight;
  }
  std::ranges::stable_sort(order, std::greater(), &Target::read_credit);
  if (!order.empty()) order.front()->read_credit -= total;
  std::vector<std::string> names;
  for (const Target* target : order) names.push_back(target->config.name);
  return names;
}

std::pair<std::string, int> Router::place_of_answer(const std::string& name) const {
  if (name.empty()) return {engine_.config.primary_region, engine_.primary_round_trip.distance()};
  const Target& target = *engine_.targets.at(name);
  return {target.config.region, target.round_trip.distance()};
}

ReadTimes* Router::times_of(const std::string& name) const {
  if (name.empty()) return &engine_.primary_read_times;
  const auto target = engine_.targets.find(name);
  return target == engine_.targets.end() ? nullptr : &target->second->read_times;
}

bool Router::eligible(const Target& target) const {
  const Health health = target.detector.health();
  const bool well = health == Health::healthy || health == Health::degraded;
  if (!well || target.state != State::active || target.config.read_weight == 0) return false;
  const auto backlog = engine_.journal.backlog(target.config.name);
  if (!backlog) return false;
  const Duration most = engine_.config.max_replication_lag;
  return !backlog->oldest || engine_.world.wall_now() - *backlog->oldest <= most;
}

Store* Router::store_of(const std::string& name) const {
  if (name.empty()) return engine_.primary.get();
  const auto target = engine_.targets.find(name);
  return target == engine_.targets.end() ? nullptr : target->second->store.get();
}

}  // namespace godwit::replication
