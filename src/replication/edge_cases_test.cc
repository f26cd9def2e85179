// Cases of docs/reference/edge-cases.md that need targets of their own kind.
#include <malloc.h>

#include <algorithm>

#include "store/layers/forwarding.h"
#include "support/group_fixture.h"

namespace godwit::replication {
namespace {

/// A store that answers no probe.
class MuteStore final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  Task<GetResult> get(const Context& context, const std::string& key,
                      const GetOptions& options) override {
    if (!key.starts_with(".godwit/")) co_return co_await inner().get(context, key, options);
    (void)co_await context.world().sleep_until(context.deadline(), context.cancel());
    co_return fail(Code::timed_out, "no answer");
  }
};

/// Targets of which nothing is known yet when the first write comes.
class NeverProbed : public GroupTest {
 protected:
  NeverProbed() {
    config_.mode = Mode::sync;
    config_.targets.push_back({.name = "c", .region = "c"});
    for (TargetConfig& target : config_.targets) target.sync_timeout = 2s;
    config_.health_check_timeout = 1min;
  }
  /// No probe is answered in the first minute.
  void start_unknown() {
    GroupStores stores;
    stores["p"] = store("p");
    for (const TargetConfig& target : config_.targets) {
      auto faulty = with_chaos(store(target.name), &faults_[target.name]);
      stores[target.name] = std::make_unique<MuteStore>(std::move(faulty));
    }
    group_ = open(std::move(stores)).value();
    expect_unknown();
  }
  void expect_unknown() {
    for (const TargetStatus& target : group_->status()) {
      EXPECT_EQ(target.health, Health::unknown) << target.name;
    }
  }
};

TEST_F(NeverProbed, a_sync_write_tries_targets_of_unknown_health_and_waits_for_all) {
  start_unknown();
  faults_["c"].longest_delay = 100ms;
  const auto receipt = put("k", "1");
  ASSERT_TRUE(receipt);
  ASSERT_EQ(receipt->targets.size(), 3U);
  for (const TargetAck& target : receipt->targets) {
    EXPECT_EQ(target.ack, Ack::acknowledged) << target.target;
    EXPECT_EQ(held(target.target, "k"), "1");
  }
}

TEST_F(NeverProbed, a_sync_write_fails_when_all_of_unknown_health_are_down_and_stays) {
  start_unknown();
  for (const TargetConfig& target : config_.targets) take_away(target.name);
  Receipt receipt;
  const auto failed = put("k", "1", {.receipt = &receipt});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message(),
            "insufficient_acks: 0 of 3 targets have acknowledged the write");
  EXPECT_EQ(failed.error().outcome(), Outcome::applied);
  for (const TargetAck& target : receipt.targets) EXPECT_EQ(target.ack, Ack::pending);
  EXPECT_EQ(held("p", "k"), "1");
  for (const TargetConfig& target : config_.targets) bring_back(target.name);
  wait(30s);
  for (const TargetConfig& target : config_.targets) EXPECT_EQ(held(target.name, "k"), "1");
  EXPECT_TRUE(put("k", "2"));
}

TEST_F(NeverProbed, a_sync_write_counts_who_answers_among_those_of_unknown_health) {
  start_unknown();
  take_away("b");
  Receipt receipt;
  const auto failed = put("k", "1", {.receipt = &receipt});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message(),
            "insufficient_acks: 2 of 3 targets have acknowledged the write");
  ASSERT_EQ(receipt.targets.size(), 3U);
  for (const TargetAck& target : receipt.targets) {
    EXPECT_EQ(target.ack, target.target == "b" ? Ack::pending : Ack::acknowledged);
  }
}

TEST_F(NeverProbed, a_sync_write_of_a_group_without_targets_is_a_success) {
  config_.targets.clear();
  start_unknown();
  const auto receipt = put("k", "1");
  ASSERT_TRUE(receipt);
  EXPECT_TRUE(receipt->targets.empty());
  EXPECT_EQ(held("p", "k"), "1");
  EXPECT_TRUE(remove("k"));
}

TEST_F(GroupTest, a_target_that_is_back_gets_what_it_missed_within_five_seconds) {
  start();
  for (int i = 0; i < 5; ++i) {
    take_away("a");
    ASSERT_TRUE(put("k", std::to_string(i)));
    wait(10min);
    ASSERT_EQ(status("a").health, Health::unhealthy);
    bring_back("a");
    wait(5s);
    EXPECT_EQ(held("a", "k"), std::to_string(i));
    EXPECT_EQ(status("a").state, State::active);
    wait(Duration(i * 7s));
  }
}

/// Takes no puts while `*full`.
class FullStore final : public ForwardingStore {
 public:
  FullStore(std::unique_ptr<Store> inner, const bool* full, int* refused)
      : ForwardingStore(std::move(inner)), full_(full), refused_(refused) {}

  Task<PutResult> put(const Context& context, const std::string& key, Upload upload,
                      const PutOptions& options) override {
    if (!*full_) co_return co_await inner().put(context, key, upload, options);
    *refused_ += 1;
    co_return fail(
        Error(Code::no_space, "No space left on device").at(place_of(*this, "put", key)));
  }

 private:
  const bool* full_;
  int* refused_;
};

TEST_F(GroupTest, what_a_full_target_refuses_waits_for_room_and_removals_go_on) {
  bool full = false;
  int refused = 0;
  GroupStores stores;
  for (const char* name : {"p", "b"}) stores[name] = store(name);
  stores["a"] = std::make_unique<FullStore>(store("a"), &full, &refused);
  group_ = open(std::move(stores)).value();
  wait();
  ASSERT_TRUE(put("old", "1"));
  wait();
  full = true;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(put("k" + std::to_string(i), "1"));
  ASSERT_TRUE(remove("old"));
  wait(1min);
  EXPECT_EQ(held("a", "old"), "(nothing)") << "it may be what makes room";
  EXPECT_TRUE(status("a").is_full);
  EXPECT_EQ(status("a").health, Health::healthy);
  EXPECT_EQ(status("a").tasks, 100U);
  EXPECT_EQ(status("a").dead_letters, 0U);
  EXPECT_LT(refused, 300) << "it is asked now and then, and not for each";
  full = false;
  wait(10s);
  EXPECT_EQ(held("a", "k99"), "1");
  EXPECT_FALSE(status("a").is_full);
  EXPECT_TRUE(status("a").caught_up);
}

/// A write to a target that has not landed yet.
struct Landing {
  std::string key;
  std::string bytes;
  PutOptions options;
};

/// The answer of the next put of `*late` is lost, and it has not landed then.
class LateStore final : public ForwardingStore {
 public:
  LateStore(std::unique_ptr<Store> inner, std::string* late, std::vector<Landing>* landings)
      : ForwardingStore(std::move(inner)), late_(late), landings_(landings) {}

  Task<PutResult> put(const Context& context, const std::string& key, Upload upload,
                      const PutOptions& options) override {
    if (key != *late_) co_return co_await inner().put(context, key, upload, options);
    late_->clear();
    GODWIT_CO_TRY(std::string bytes, co_await read_all(*upload.body, kMiB));
    landings_->push_back({key, std::move(bytes), options});
    co_return fail(Error(Code::timed_out, "no answer").with(godwit::Outcome::unknown));
  }

 private:
  std::string* late_;
  std::vector<Landing>* landings_;
};

Task<void> land(Context context, Store& at, Landing landing) {
  MemoryBody body(landing.bytes);
  const Upload upload{.body = &body, .size = landing.bytes.size()};
  GODWIT_CO_CHECK(co_await at.put(context, landing.key, upload, landing.options));
  co_return Result<void>();
}

/// A target "a" at which a write may land long after its answer was lost.
class LateLanding : public GroupTest {
 protected:
  void start_late() {
    GroupStores stores;
    for (const char* name : {"p", "b"}) stores[name] = store(name);
    stores["a"] = std::make_unique<LateStore>(store("a"), &late_, &landings_);
    group_ = open(std::move(stores)).value();
    wait();
  }
  void land_now() {
    ASSERT_EQ(landings_.size(), 1U);
    const auto at = store("a");
    // What has a condition may be refused by then, as any other who comes too late.
    landings_[0].options.condition = Condition::none;
    ASSERT_TRUE(test::run_task(world_, land(Context(world_), *at, landings_[0])));
  }
  std::size_t told(const std::string& key) {
    const auto events = group_->events().recent();
    return static_cast<std::size_t>(std::ranges::count_if(events, [&](const Event& event) {
      return event.type == EventType::write_replicated && event.target == "a" && event.key == key;
    }));
  }

  std::string late_;
  std::vector<Landing> landings_;
};

TEST_F(LateLanding, a_try_that_lands_after_the_next_one_counts_once) {
  start_late();
  const TargetCounts before = status("a").counts;
  late_ = "k";
  ASSERT_TRUE(put("k", "1"));
  wait(10s);
  EXPECT_EQ(held("a", "k"), "1") << "the second try";
  land_now();
  wait(3min);
  EXPECT_EQ(held("a", "k"), "1");
  const TargetStatus now = status("a");
  EXPECT_EQ(now.counts.replicated, before.replicated + 1);
  EXPECT_EQ(now.counts.failed, 0U);
  EXPECT_EQ(now.counts.conflicts, 0U);
  EXPECT_EQ(now.health, Health::healthy);
  EXPECT_TRUE(now.caught_up);
  EXPECT_EQ(now.in_doubt, 0U);
  EXPECT_EQ(told("k"), 1U);
  EXPECT_EQ(group_->metrics().writes_replicated, 2U) << "once for each target";
}

TEST_F(LateLanding, a_try_that_lands_after_a_newer_write_has_no_effect_in_the_end) {
  start_late();
  late_ = "k";
  ASSERT_TRUE(put("k", "1"));
  wait(10s);
  ASSERT_TRUE(put("k", "2"));
  wait(10s);
  EXPECT_EQ(held("a", "k"), "2");
  land_now();
  ASSERT_EQ(held("a", "k"), "1") << "the store has taken the old one";
  EXPECT_FALSE(status("a").caught_up) << "and nobody believes it";
  for (int i = 0; i < 10; ++i) {
    const ReadOptions options{.preference = ReadPreference::secondary};
    const Context context(world_);
    EXPECT_EQ(test::run_task(world_, get_through(context, *group_, "k", options)).value(), "2");
  }
  wait(3min);
  EXPECT_EQ(held("a", "k"), "2");
  EXPECT_EQ(held("p", "k"), "2");
  EXPECT_EQ(status("a").counts.replicated, 2U) << "each write once, however often it was put";
  EXPECT_EQ(status("a").counts.conflicts, 0U);
  EXPECT_TRUE(rescued("a").empty());
  EXPECT_TRUE(status("a").caught_up);
}

TEST_F(LateLanding, a_try_that_lands_after_a_removal_brings_nothing_back) {
  start_late();
  late_ = "k";
  ASSERT_TRUE(put("k", "1"));
  wait(10s);
  ASSERT_TRUE(remove("k"));
  wait(10s);
  EXPECT_EQ(held("a", "k"), "(nothing)");
  land_now();
  ASSERT_EQ(held("a", "k"), "1");
  wait(3min);
  EXPECT_EQ(held("a", "k"), "(nothing)");
  EXPECT_EQ(held("p", "k"), "(nothing)");
  EXPECT_TRUE(status("a").caught_up);
}

/// What listings are asked for while they are compared.
struct Watched {
  std::map<std::string, std::size_t> pages;
  std::size_t largest_page = 0;
  std::size_t most_in_use = 0;  ///< bytes of the heap
};

class WatchedListing final : public Listing {
 public:
  WatchedListing(std::string name, std::unique_ptr<Listing> inner, Watched* watched)
      : name_(std::move(name)), inner_(std::move(inner)), watched_(watched) {}

  Task<std::vector<ListEntry>> next(const Context& context) override {
    GODWIT_CO_TRY(auto page, co_await inner_->next(context));
    watched_->pages[name_] += 1;
    watched_->largest_page = std::max(watched_->largest_page, page.size());
    watched_->most_in_use = std::max(watched_->most_in_use, ::mallinfo2().uordblks);
    co_return page;
  }

 private:
  std::string name_;
  std::unique_ptr<Listing> inner_;
  Watched* watched_;
};

class WatchedStore final : public ForwardingStore {
 public:
  WatchedStore(std::string name, std::unique_ptr<Store> inner, Watched* watched)
      : ForwardingStore(std::move(inner)), name_(std::move(name)), watched_(watched) {}

  using ForwardingStore::list;
  std::unique_ptr<Listing> list(const ListOptions& options) override {
    return std::make_unique<WatchedListing>(name_, inner().list(options), watched_);
  }

 private:
  std::string name_;
  Watched* watched_;
};

/// Long, so that a whole listing in memory would be seen.
std::string long_key(int number) {
  std::string digits = std::to_string(number);
  digits.insert(0, 6 - digits.size(), '0');
  return std::string(150, 'k') + digits;
}

Task<void> fill(Context context, Store& store, int first, int count) {
  for (int i = first; i < first + count; ++i) {
    const std::string key = long_key(i);
    const PutOptions options;
    GODWIT_CO_CHECK(co_await put_into(context, store, key, "body", options));
  }
  co_return Result<void>();
}

Task<void> note(std::map<std::string, FindingKind>* found, Finding finding) {
  (*found)[finding.key] = finding.kind;
  co_return Result<void>();
}

TEST_F(GroupTest, verify_of_100001_objects_walks_page_by_page_in_bounded_memory) {
  constexpr int kObjects = 100'001;
  config_.targets.pop_back();
  const auto primary = store("p");
  const auto target = store("a");
  const Context context(world_);
  ASSERT_TRUE(test::run_task(world_, fill(context, *primary, 0, kObjects)));
  // The first of them is missing there, and it has one more at the end.
  ASSERT_TRUE(test::run_task(world_, fill(context, *target, 0, kObjects + 1)));
  Watched watched;
  GroupStores stores;
  for (const char* name : {"p", "a"}) {
    stores[name] = std::make_unique<WatchedStore>(name, store(name), &watched);
  }
  group_ = open(std::move(stores)).value();
  wait(1min);
  behind_our_back("a", long_key(50'000), "else");
  const std::vector<std::string> first{long_key(0)};
  ASSERT_TRUE(test::run_task(world_, target->remove(context, first)));

  watched = {};
  std::map<std::string, FindingKind> found;
  const FindingSink sink = [&found](Finding finding) { return note(&found, std::move(finding)); };
  const std::string name = "a";
  for (const VerifyLevel level : {VerifyLevel::listing, VerifyLevel::checksum}) {
    found.clear();
    watched = {};
    const std::size_t before = ::mallinfo2().uordblks;
    const VerifyOptions options{.level = level};
    const auto report =
        test::run_task(world_, group_->verify(context, name, options, sink)).value();
    EXPECT_EQ(report.total, 100'002U);
    EXPECT_EQ(report.primary_count, 100'001U);
    EXPECT_EQ(report.same, 99'999U);
    const std::map<std::string, FindingKind> wrong{{long_key(0), FindingKind::missing},
                                                   {long_key(50'000), FindingKind::different},
                                                   {long_key(kObjects), FindingKind::extra}};
    EXPECT_EQ(found, wrong);
    EXPECT_GE(watched.pages["p"], 101U);
    EXPECT_GE(watched.pages["a"], 101U);
    EXPECT_LE(watched.largest_page, 1000U);
    EXPECT_LE(watched.most_in_use, before + 8 * kMiB) << "one listing is of 25 MiB or so";
  }
}

}  // namespace
}  // namespace godwit::replication
