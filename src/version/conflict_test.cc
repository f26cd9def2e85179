#include "version/conflict.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace godwit {
namespace {

constexpr auto kAll = {ConflictPolicy::last_write_wins, ConflictPolicy::first_write_wins,
                       ConflictPolicy::primary_wins, ConflictPolicy::merge, ConflictPolicy::manual};
/// Those that end with one of the states.
constexpr auto kChoosing = {ConflictPolicy::last_write_wins, ConflictPolicy::first_write_wins,
                            ConflictPolicy::primary_wins};

KeyState write(std::uint64_t time, std::string etag) {
  return {.version = {1, HybridTime{time}, "a"}, .etag = std::move(etag), .size = 1};
}
KeyState deletion(std::uint64_t time) {
  return {.version = {1, HybridTime{time}, "a"}, .presence = Presence::deleted};
}
KeyState of_primary(KeyState state) {
  state.standing = Standing::primary;
  return state;
}

/// States of so few values that versions, sizes and etags are often equal.
class States {
 public:
  explicit States(std::uint64_t seed) : random_(seed) {}

  KeyState draw() {
    KeyState state;
    state.version = {draw_below(2), HybridTime{draw_below(3)}, std::string(1, "ab"[draw_below(2)])};
    state.standing = draw_below(3) == 0 ? Standing::primary : Standing::other;
    state.presence = draw_below(4) == 0 ? Presence::deleted : Presence::present;
    if (state.presence == Presence::deleted) return state;
    state.size = draw_below(2);
    state.etag = std::string(1, "xy\xff"[draw_below(3)]);
    return state;
  }
  std::vector<KeyState> draw(std::size_t count) {
    std::vector<KeyState> states;
    while (states.size() < count) states.push_back(draw());
    return states;
  }

 private:
  std::uint32_t draw_below(std::uint32_t end) {
    return static_cast<std::uint32_t>(random_() % end);
  }
  std::mt19937_64 random_;
};

bool same(const KeyState& a, const KeyState& b) {
  return a.version == b.version && a.presence == b.presence && a.standing == b.standing &&
         a.etag == b.etag && a.size == b.size;
}

Keep mirrored(Keep keep) {
  if (keep == Keep::left) return Keep::right;
  return keep == Keep::right ? Keep::left : keep;
}

KeyState winner(ConflictPolicy policy, const std::vector<KeyState>& states) {
  KeyState kept = states.front();
  for (const KeyState& state : states) {
    if (decide(policy, kept, state).keep == Keep::right) kept = state;
  }
  return kept;
}

TEST(ConflictPolicy, comes_back_from_its_name_and_suggests_the_nearest) {
  for (const ConflictPolicy policy : kAll) {
    EXPECT_EQ(parse_conflict_policy(to_string(policy)).value(), policy);
  }
  const auto wrong = parse_conflict_policy("last_writer_wins");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code(), Code::invalid_argument);
  EXPECT_EQ(wrong.error().hint(), "did you mean 'last_write_wins'?");
}

TEST(Conflict, the_newer_or_the_older_write_wins_whichever_side_it_is_on) {
  const KeyState older = write(1, "x");
  const KeyState newer = write(2, "y");
  EXPECT_EQ(decide(ConflictPolicy::last_write_wins, older, newer), (Decision{Keep::right, true}));
  EXPECT_EQ(decide(ConflictPolicy::last_write_wins, newer, older), (Decision{Keep::left, true}));
  EXPECT_EQ(decide(ConflictPolicy::first_write_wins, older, newer), (Decision{Keep::left, true}));
  EXPECT_EQ(decide(ConflictPolicy::first_write_wins, newer, older), (Decision{Keep::right, true}));
}

TEST(Conflict, the_primarys_state_wins_over_a_newer_one_and_over_a_write_if_it_is_a_deletion) {
  const auto policy = ConflictPolicy::primary_wins;
  EXPECT_EQ(decide(policy, of_primary(write(1, "x")), write(2, "y")).keep, Keep::left);
  EXPECT_EQ(decide(policy, write(2, "y"), of_primary(deletion(1))).keep, Keep::right);
  EXPECT_EQ(decide(policy, write(2, "y"), write(1, "x")).keep, Keep::left) << "neither is its";
}

TEST(Conflict, deletions_take_part_as_writes_do) {
  const KeyState old_write = write(1, "x");
  EXPECT_EQ(decide(ConflictPolicy::last_write_wins, old_write, deletion(2)),
            (Decision{Keep::right, true}));
  EXPECT_EQ(decide(ConflictPolicy::first_write_wins, old_write, deletion(2)),
            (Decision{Keep::left, true}));
  EXPECT_EQ(decide(ConflictPolicy::merge, old_write, deletion(2)), (Decision{Keep::left, true}));
  EXPECT_EQ(decide(ConflictPolicy::manual, old_write, deletion(2)), (Decision{Keep::both, true}));
}

TEST(Conflict, equal_content_is_none_and_the_policy_says_which_version_stands_for_it) {
  const auto keep = [](ConflictPolicy policy, const KeyState& left, const KeyState& right) {
    const Decision decision = decide(policy, left, right);
    EXPECT_FALSE(decision.is_conflict) << to_string(policy);
    return decision.keep;
  };
  for (const ConflictPolicy policy : kAll) {
    const bool first = policy == ConflictPolicy::first_write_wins;
    const Keep expected = first ? Keep::left : Keep::right;
    EXPECT_EQ(keep(policy, write(1, "x"), write(2, "x")), expected);
    EXPECT_EQ(keep(policy, deletion(1), deletion(2)), expected);
  }
}

TEST(Conflict, without_an_etag_nothing_proves_that_content_is_equal) {
  EXPECT_TRUE(decide(ConflictPolicy::last_write_wins, write(1, ""), write(2, "")).is_conflict);
  EXPECT_EQ(decide(ConflictPolicy::manual, write(1, ""), write(2, "")).keep, Keep::both);
}

TEST(Conflict, a_tie_of_versions_is_broken_by_content) {
  KeyState large = write(1, "a");
  large.size = 2;
  for (const ConflictPolicy policy : kChoosing) {
    EXPECT_EQ(decide(policy, write(1, "x"), write(1, "\xff")), (Decision{Keep::right, true}));
    EXPECT_EQ(decide(policy, large, write(1, "x")), (Decision{Keep::left, true}));
    EXPECT_EQ(decide(policy, deletion(1), write(1, "x")), (Decision{Keep::right, true}));
  }
}

TEST(Conflict, both_sides_decide_the_same) {
  States states(1);
  for (int i = 0; i < 20'000; ++i) {
    const KeyState a = states.draw();
    const KeyState b = states.draw();
    for (const ConflictPolicy policy : kAll) {
      const Decision one = decide(policy, a, b);
      const Decision two = decide(policy, b, a);
      EXPECT_EQ(one.is_conflict, two.is_conflict);
      if (!same(a, b)) {
        EXPECT_EQ(one.keep, mirrored(two.keep)) << to_string(policy);
      }
    }
  }
}

TEST(Conflict, the_same_state_wins_in_every_order_of_arrival_and_repetition) {
  States states(2);
  for (int i = 0; i < 500; ++i) {
    std::vector<KeyState> arrivals = states.draw(4);
    std::vector<std::size_t> order = {0, 0, 1, 2, 3};
    for (const ConflictPolicy policy : kChoosing) {
      const KeyState expected = winner(policy, arrivals);
      do {
        std::vector<KeyState> arrived;
        for (const std::size_t index : order) arrived.push_back(arrivals[index]);
        EXPECT_TRUE(same(winner(policy, arrived), expected)) << to_string(policy);
      } while (std::ranges::next_permutation(order).found);
    }
  }
}

/// A merged state as an engine keeps it; the etag is a set of letters, and merging is its union.
KeyState arrive(const KeyState& kept, const KeyState& state) {
  const Decision decision = decide(ConflictPolicy::merge, kept, state);
  if (decision.keep != Keep::merged) return decision.keep == Keep::left ? kept : state;
  KeyState merged;
  merged.version = std::max(kept.version, state.version);
  std::ranges::set_union(kept.etag, state.etag, std::back_inserter(merged.etag));
  merged.size = merged.etag.size();
  return merged;
}

TEST(Conflict, what_is_merged_does_not_depend_on_the_order_of_arrival_also_with_deletions) {
  States states(3);
  for (int i = 0; i < 1000; ++i) {
    std::vector<KeyState> arrivals = states.draw(4);
    for (KeyState& state : arrivals) {
      state.standing = Standing::other;
      state.size = state.etag.size();
    }
    std::vector<std::size_t> order = {0, 1, 2, 3};
    std::optional<KeyState> expected;
    do {
      KeyState kept = arrivals[order[0]];
      for (const std::size_t index : order) kept = arrive(kept, arrivals[index]);
      if (!expected) expected = kept;
      EXPECT_TRUE(same(kept, *expected));
    } while (std::ranges::next_permutation(order).found);
  }
}

}  // namespace
}  // namespace godwit
