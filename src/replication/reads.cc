#include "replication/reads.h"

#include <algorithm>
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

template <class T>
Task<T> Router::first_answer(const Context& context, const std::string& key,
                             const ReadOptions& options, Ask<T> ask) {
  GODWIT_CO_CHECK(check_user_key(key));
  Error last(Code::unavailable, "no store has the version that was asked for");
  for (const std::string& name : candidates(options)) {
    if (!name.empty()) {
      // Exact freshness: whoever lacks this very key is not asked.
      const auto lacks = co_await engine_.journal.lacks(name, key);
      if (!lacks || *lacks) continue;
    }
    Store* store = store_of(name);
    if (store == nullptr) continue;
    const std::string from = name.empty() ? engine_.config.primary : name;
    auto answer = co_await ask(context, *store, key, options);
    if (answer) answer->from = from;
    if (answer && is_new_enough(*answer, options)) co_return answer;
    if (answer) continue;
    const Code code = answer.error().code();
    // That a target has nothing does not say that the object was removed after that version.
    const bool nothing = code == Code::not_found && (name.empty() || !options.at_least);
    if (nothing || code == Code::invalid_argument || code == Code::cancelled) co_return answer;
    last = std::move(answer).error();
  }
  co_return std::unexpected(std::move(last));
}

std::vector<std::string> Router::candidates(const ReadOptions& options) {
  const ReadPreference preference = options.preference.value_or(engine_.config.read_preference);
  if (preference == ReadPreference::primary) return {""};
  std::vector<std::string> order;
  for (const auto& [name, target] : engine_.targets) {
    if (eligible(*target)) order.push_back(name);
  }
  if (!order.empty()) {
    const auto turn = static_cast<std::ptrdiff_t>(turn_++ % order.size());
    std::ranges::rotate(order, order.begin() + turn);
  }
  order.emplace_back();
  if (preference == ReadPreference::nearest) {
    std::ranges::stable_sort(order, {}, [&](const std::string& name) {
      const auto& [region, distance] = place_of_answer(name);
      return std::pair(region != options.region, distance);
    });
  }
  return order;
}

std::pair<std::string, int> Router::place_of_answer(const std::string& name) const {
  if (name.empty()) return {engine_.config.primary_region, engine_.primary_round_trip.distance()};
  const Target& target = *engine_.targets.at(name);
  return {target.config.region, target.round_trip.distance()};
}

bool Router::eligible(const Target& target) const {
  const Health health = target.detector.health();
  const bool well = health == Health::healthy || health == Health::degraded;
  if (!well || target.state != State::active) return false;
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
