#include "coordination/coordinator.h"

#include <algorithm>

namespace godwit {
namespace {

Result<void> check_names(const GroupState& state) {
  if (!state.primary.empty()) GODWIT_CHECK(check_name("a target", state.primary));
  if (!state.primary_region.empty()) GODWIT_CHECK(check_region(state.primary_region));
  for (const std::string& target : state.fenced) GODWIT_CHECK(check_name("a target", target));
  for (const auto& [target, version] : state.watermarks) {
    GODWIT_CHECK(check_name("a target", target));
  }
  return {};
}

}  // namespace

Result<void> check_name(std::string_view what, std::string_view name) {
  const Result<void> checked = check_region(name);
  if (checked) return {};
  return fail(Error(Code::invalid_argument,
                    "'" + std::string(name) + "' is not " + std::string(what) + "'s name")
                  .with_hint(checked.error().hint()));
}

Result<void> check_succession(const GroupState& before, const GroupState& after) {
  const std::string step =
      "from epoch " + std::to_string(before.epoch) + " to " + std::to_string(after.epoch);
  if (after.epoch < before.epoch) {
    return fail(Code::invalid_argument, step + ": an epoch never goes back");
  }
  if (after.primary != before.primary && after.epoch == before.epoch) {
    return fail(Code::invalid_argument,
                step + ": another primary ('" + after.primary + "') needs a greater epoch");
  }
  if (std::max(after.fenced.size(), after.watermarks.size()) > kMostTargets) {
    return fail(Code::invalid_argument,
                "a group of more than " + std::to_string(kMostTargets) + " targets");
  }
  return check_names(after);
}

Result<void> check_terms(const LeaseTerms& terms) {
  GODWIT_CHECK(check_name("a group", terms.group));
  GODWIT_CHECK(check_name("a lease", terms.name));
  GODWIT_CHECK(check_name("a holder", terms.holder));
  if (terms.ttl >= kShortestLease && terms.ttl <= kLongestLease) return {};
  return fail(Code::invalid_argument, "a lease of " + format_duration(terms.ttl) + "; between " +
                                          format_duration(kShortestLease) + " and " +
                                          format_duration(kLongestLease));
}

Result<void> check_vote(const Vote& vote) {
  GODWIT_CHECK(check_name("an observer", vote.observer));
  GODWIT_CHECK(check_name("a target", vote.target));
  if (vote.lifetime > Duration::zero() && vote.lifetime <= kLongestLease) return {};
  return fail(Code::invalid_argument, "a vote for " + format_duration(vote.lifetime) +
                                          "; at most " + format_duration(kLongestLease));
}

MonoTime lease_valid_until(MonoTime asked, Duration ttl) {
  return asked + ttl - ttl / kLeaseMarginShare;
}

bool majority_sees_dead(const std::vector<Vote>& votes, std::string_view target,
                        std::size_t observers) {
  std::set<std::string_view> see_dead;
  for (const Vote& vote : votes) {
    if (vote.target == target && vote.sight == Sight::dead) see_dead.insert(vote.observer);
  }
  return see_dead.size() * 2 > observers;
}

}  // namespace godwit
