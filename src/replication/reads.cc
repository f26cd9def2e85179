#include "replication/reads.h"

#include <algorithm>
#include <utility>

#include "replication/versioned.h"

namespace godwit::replication {

Task<ReadResult> Router::get(const Context& context, const std::string& key,
                             const ReadOptions& options) {
  GODWIT_CO_CHECK(check_user_key(key));
  std::optional<Error> last;
  for (const std::string& name : candidates(options)) {
    if (!name.empty()) {
      // Exact freshness: whoever lacks this very key is not asked.
      const auto lacks = co_await engine_.journal.lacks(name, key);
      if (!lacks || *lacks) continue;
    }
    auto answer = co_await ask(context, name, key, options);
    if (answer) co_return answer;
    const Code code = answer.error().code();
    const bool is_answer = code == Code::not_found || code == Code::invalid_argument;
    if (is_answer || code == Code::cancelled) co_return answer;
    last = std::move(answer).error();
  }
  co_return std::unexpected(*std::move(last));
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
  if (preference == ReadPreference::nearest) {
    std::ranges::stable_partition(order, [&](const std::string& name) {
      return engine_.targets.at(name)->config.region == options.region;
    });
  }
  const bool primary_first =
      preference == ReadPreference::nearest && options.region == engine_.config.primary_region;
  order.insert(primary_first ? order.begin() : order.end(), "");
  return order;
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

Task<ReadResult> Router::ask(const Context& context, const std::string& name,
                             const std::string& key, const ReadOptions& options) {
  const auto target = engine_.targets.find(name);
  if (!name.empty() && target == engine_.targets.end()) {
    co_return fail(Code::unavailable, "'" + name + "' is no target any more");
  }
  Store& store = name.empty() ? *engine_.primary : *target->second->store;
  const GetOptions get_options{.range = options.range};
  auto got = co_await store.get(context, key, get_options);
  if (!got) co_return std::unexpected(std::move(got).error());
  Version version = version_of(got->info);
  got->info.metadata.user.erase(kVersionMetadata);
  co_return ReadResult{.object = *std::move(got),
                       .version = std::move(version),
                       .from = name.empty() ? engine_.config.primary : name};
}

}  // namespace godwit::replication
