#include "version/tombstone.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace godwit {
namespace {

Version version(std::uint64_t time) { return {1, HybridTime{time}, "a"}; }
TargetProgress member(std::uint64_t confirmed) {
  return {.membership = Membership::member, .confirmed = version(confirmed)};
}

TEST(Tombstone, is_collected_once_every_member_has_confirmed_it) {
  const std::vector<TargetProgress> targets = {member(5), member(7)};
  EXPECT_TRUE(may_collect(version(5), targets));
  EXPECT_FALSE(may_collect(version(6), targets));
  EXPECT_TRUE(may_collect(version(6), {}));
}

TEST(Tombstone, waits_for_a_member_that_has_confirmed_nothing_and_for_no_removed_one) {
  TargetProgress silent;
  EXPECT_FALSE(may_collect(version(1), std::vector{member(5), silent}));
  silent.membership = Membership::removed;
  EXPECT_TRUE(may_collect(version(1), std::vector{member(5), silent}));
}

TEST(Tombstone, that_was_forgotten_makes_a_target_without_it_begin_anew) {
  EXPECT_FALSE(must_reseed(member(5), std::nullopt));
  EXPECT_FALSE(must_reseed({}, std::nullopt));
  EXPECT_FALSE(must_reseed(member(5), version(5)));
  EXPECT_TRUE(must_reseed(member(5), version(6)));
  EXPECT_TRUE(must_reseed({}, version(1)));
}

/// A key space whose targets now and then take over its state, leave it and come back.
class Group {
 public:
  explicit Group(std::uint64_t seed) : random_(seed) {}

  void step() {
    const char key = "xyz"[below(3)];
    Target& target = targets_[below(targets_.size())];
    switch (below(6)) {
      case 0: write(key); break;
      case 1: remove(key); break;
      case 2: collect(); break;
      case 3: turn_membership(target); break;
      default: sync(target); break;
    }
  }
  std::size_t forgotten() const { return forgotten_; }

 private:
  using Keys = std::map<char, std::uint64_t>;
  struct Target {
    TargetProgress progress;
    Keys keys;
  };

  std::size_t below(std::size_t end) { return static_cast<std::size_t>(random_() % end); }
  void write(char key) {
    keys_[key] = ++time_;
    tombstones_.erase(key);
  }
  void remove(char key) {
    if (keys_.erase(key) > 0) tombstones_[key] = ++time_;
  }
  void sync(Target& target) const {
    if (target.progress.membership == Membership::removed) return;
    for (const auto& [key, version] : target.keys) {
      EXPECT_TRUE(keys_.contains(key) || tombstones_.contains(key)) << key << " would come back";
    }
    target.keys = keys_;
    target.progress.confirmed = version(time_);
  }
  void turn_membership(Target& target) const {
    const bool leaves = target.progress.membership == Membership::member;
    target.progress.membership = leaves ? Membership::removed : Membership::member;
    if (!leaves && must_reseed(target.progress, collected_)) target.keys.clear();
  }
  void collect() {
    std::vector<TargetProgress> progress;
    for (const Target& target : targets_) progress.push_back(target.progress);
    forgotten_ += std::erase_if(tombstones_, [&](const auto& tombstone) {
      const Version deletion = version(tombstone.second);
      if (!may_collect(deletion, progress)) return false;
      if (collected_ < deletion) collected_ = deletion;
      return true;
    });
  }

  std::mt19937_64 random_;
  std::uint64_t time_ = 0;
  Keys keys_;
  Keys tombstones_;
  std::optional<Version> collected_;
  std::size_t forgotten_ = 0;
  std::vector<Target> targets_ = std::vector<Target>(3);
};

TEST(Tombstone, brings_no_object_back_whatever_targets_do) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Group group(seed);
    for (int i = 0; i < 1000; ++i) group.step();
    EXPECT_GT(group.forgotten(), 0U);
  }
}

}  // namespace
}  // namespace godwit
