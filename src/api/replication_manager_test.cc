#include "godwit/replication_manager.h"

#include <future>
#include <map>
#include <thread>

#include "support/store_fixture.h"

namespace godwit {
namespace {

class ManagerTest : public StoreTest {
 protected:
  void begin() {
    open();
    manager_.emplace(*store_);
  }
  void fill(int count) {
    for (int i = 0; i < count; ++i) ASSERT_TRUE(store_->put("k" + std::to_string(i), "body"));
    ASSERT_TRUE(soon([&] { return settled(); })) << what_is_known();
  }
  /// Somebody changes bytes of the directory of target "b" under its object, which keeps its name,
  /// size and attributes.
  void damage(const std::string& key) {
    std::fstream file(path("b/" + key), std::ios::in | std::ios::out);
    file << "X";
  }
  void write_to_primary(const std::string& key, const std::string& body) const {
    std::ofstream(path("p/" + key)) << body;
  }
  std::map<std::string, FindingKind> found(const std::string& target, VerifyLevel level) {
    std::map<std::string, FindingKind> all;
    const auto sink = [&](const Finding& finding) -> Result<void> {
      EXPECT_EQ(finding.target, target);
      all[finding.key] = finding.kind;
      return {};
    };
    report_ = manager_->verify(target, {.level = level}, sink).value();
    return all;
  }

  std::optional<ReplicationManager> manager_;
  VerifyReport report_;
};

TEST_F(ManagerTest, verify_says_of_each_object_how_it_differs) {
  begin();
  fill(6);
  EXPECT_TRUE(found("b", VerifyLevel::content).empty());
  EXPECT_TRUE(report_.is_consistent()) << to_json(report_);
  EXPECT_EQ(report_.same, 6U);
  fs::remove(path("b/k0"));
  behind_our_back("zombie", "x");
  damage("k1");
  std::ofstream(path("b/k2"), std::ios::app) << "more";
  const std::map<std::string, FindingKind> listed{
      {"k0", FindingKind::missing}, {"zombie", FindingKind::extra}, {"k2", FindingKind::different}};
  EXPECT_EQ(found("b", VerifyLevel::listing), listed);
  auto read = listed;
  read["k1"] = FindingKind::different;
  EXPECT_EQ(found("b", VerifyLevel::content), read);
  EXPECT_FALSE(report_.is_consistent());
  EXPECT_EQ(report_.primary_count, 6U);
  EXPECT_EQ(report_.target_count, 6U);
  EXPECT_EQ(report_.total, 7U);
  EXPECT_EQ(report_.missing, 1U);
  EXPECT_EQ(report_.extra, 1U);
  EXPECT_EQ(report_.different, 2U);
  EXPECT_EQ(report_.same, 3U);
  EXPECT_EQ(report_.lag, 0s);
  EXPECT_TRUE(found("a", VerifyLevel::content).empty()) << "the other target is as it was";
  EXPECT_EQ(manager_->verify("c").error().code(), Code::not_found);
}

/// What was told of how far work is.
class Told {
 public:
  ProgressSink sink() {
    return [this, caller = std::this_thread::get_id()](const WorkProgress& progress) {
      EXPECT_EQ(std::this_thread::get_id(), caller);
      all_.push_back(progress);
    };
  }
  [[nodiscard]] const WorkProgress& last() const { return all_.back(); }
  [[nodiscard]] bool empty() const { return all_.empty(); }

 private:
  std::vector<WorkProgress> all_;
};

TEST_F(ManagerTest, verify_repair_and_sync_tell_on_the_callers_thread_how_far_they_are) {
  begin();
  fill(6);
  fs::remove(path("b/k0"));
  Told verified;
  ASSERT_TRUE(manager_->verify("b", {.progress = verified.sink()}));
  ASSERT_FALSE(verified.empty());
  EXPECT_EQ(verified.last().done, 6U);
  EXPECT_EQ(verified.last().total, 6U);
  EXPECT_EQ(verified.last().percent(), 100U);
  Told repaired;
  ASSERT_TRUE(manager_->repair("b", {.progress = repaired.sink()}));
  EXPECT_EQ(repaired.last().done, 6U);
  EXPECT_EQ(repaired.last().percent(), 100U);
  Told synced;
  ASSERT_TRUE(manager_->sync_all(1min, {}, synced.sink())->is_complete());
  EXPECT_EQ(synced.last().done, 12U);
  EXPECT_EQ(synced.last().total, 12U) << "of both targets";
  EXPECT_TRUE(store_->full_sync("b", 1min, {}, synced.sink()));
}

TEST(WorkProgress, claims_no_share_where_nobody_knows_of_how_much_and_no_end_of_an_estimate) {
  EXPECT_FALSE(WorkProgress{.done = 5}.percent());
  EXPECT_EQ((WorkProgress{.done = 5, .total = 10}.percent()), 50U);
  EXPECT_EQ((WorkProgress{.done = 0, .total = 0}.percent()), 100U);
  EXPECT_EQ((WorkProgress{.done = 30, .total = 10, .total_is_estimate = true}.percent()), 99U);
}

TEST_F(ManagerTest, verify_and_repair_below_a_prefix_leave_the_rest_alone) {
  begin();
  for (const char* key : {"a/1", "a/2", "a\xc3\xbf/1", "b/1", "b/2"}) {
    ASSERT_TRUE(store_->put(key, "body"));
  }
  ASSERT_TRUE(soon([&] { return settled(); })) << what_is_known();
  for (const char* key : {"a/1", "b/1"}) fs::remove(path(std::string("b/") + key));
  std::vector<std::string> found;
  const auto note = [&](const Finding& finding) -> Result<void> {
    found.push_back(finding.key);
    return {};
  };
  const auto below = manager_->verify("b", {.prefix = "a/"}, note);
  ASSERT_TRUE(below);
  EXPECT_EQ(found, std::vector<std::string>{"a/1"});
  EXPECT_EQ(below->total, 2U) << "only keys below it are counted";
  EXPECT_EQ(below->missing, 1U);
  EXPECT_EQ(manager_->verify("b", {.prefix = "a\xc3"})->total, 1U) << "a part of a character";
  EXPECT_EQ(manager_->verify("b", {.prefix = "none"})->total, 0U);
  const auto repaired = manager_->repair("b", {.prefix = "a/"});
  ASSERT_TRUE(repaired);
  EXPECT_TRUE(repaired->is_complete()) << to_json(*repaired);
  EXPECT_EQ(repaired->repaired, 1U);
  EXPECT_EQ(held("a/1"), "body");
  EXPECT_FALSE(fs::exists(path("b/b/1"))) << "it was not asked for";
  EXPECT_EQ(manager_->verify("b")->missing, 1U);
}

TEST_F(ManagerTest, repair_delivers_anew_just_what_verify_found) {
  begin();
  fill(6);
  fs::remove(path("b/k0"));
  behind_our_back("zombie", "x");
  damage("k1");
  std::ofstream(path("b/k2"), std::ios::app) << "more";
  const auto attempts = status("b").counts.attempts;
  const auto report = manager_->repair("b", {.level = VerifyLevel::content});
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->repaired, 3U) << to_json(*report);
  EXPECT_EQ(report->unchanged, 1U) << "what others put there stays";
  EXPECT_EQ(report->failed + report->pending, 0U);
  EXPECT_EQ(status("b").counts.attempts, attempts + 3);
  for (const char* key : {"k0", "k1", "k2"}) EXPECT_EQ(held(key), "body");
  EXPECT_EQ(held("zombie"), "x");
  EXPECT_EQ(found("b", VerifyLevel::content).size(), 1U);
  ASSERT_TRUE(manager_->repair("b", {.level = VerifyLevel::content, .extra = Extra::remove}));
  EXPECT_EQ(held("zombie"), "x") << "not ours to remove";
}

TEST_F(ManagerTest, repair_keeps_what_it_replaces_where_nobody_knows_which_side_is_damaged) {
  begin();
  fill(1);
  damage("k0");
  ASSERT_TRUE(manager_->repair("b", {.level = VerifyLevel::content})->is_complete());
  EXPECT_EQ(held("k0"), "body");
  std::vector<std::string> kept;
  for (const auto& entry : fs::recursive_directory_iterator(path("b/.godwit/rescue"))) {
    if (entry.is_regular_file()) kept.push_back(fs::relative(entry.path(), path("b")).string());
  }
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(held(kept[0]), "Xody");
  EXPECT_TRUE(found("b", VerifyLevel::content).empty()) << "what is kept takes no part";
}

TEST_F(ManagerTest, what_is_still_owed_is_in_flight_and_not_found) {
  begin();
  fill(2);
  ASSERT_TRUE(store_->pause("b"));
  ASSERT_TRUE(store_->put("k0", "newer"));
  ASSERT_TRUE(store_->put("new", "x"));
  ASSERT_TRUE(store_->remove("k1"));
  EXPECT_TRUE(found("b", VerifyLevel::content).empty());
  EXPECT_EQ(report_.in_flight, 3U) << to_json(report_);
  EXPECT_FALSE(report_.is_consistent());
  EXPECT_GT(report_.lag, 0s);
  EXPECT_EQ(manager_->repair("b").error().code(), Code::precondition_failed);
  ASSERT_TRUE(store_->resume("b"));
  ASSERT_TRUE(soon([&] { return settled(); }));
  EXPECT_TRUE(found("b", VerifyLevel::content).empty());
  EXPECT_TRUE(report_.is_consistent()) << to_json(report_);
}

TEST_F(ManagerTest, writes_beside_a_verify_are_not_found_to_differ) {
  begin();
  fill(50);
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      const std::string key = "k" + std::to_string(i % 50);
      (void)(i % 7 == 0 ? store_->remove(key) : store_->put(key, std::to_string(i)));
    }
  });
  for (int i = 0; i < 5; ++i) {
    for (const char* target : {"a", "b"}) {
      const auto findings = found(target, VerifyLevel::content);
      EXPECT_TRUE(findings.empty()) << findings.begin()->first << " " << to_json(report_);
      EXPECT_FALSE(report_.error) << to_json(report_);
    }
  }
  stop = true;
  writer.join();
}

TEST_F(ManagerTest, a_sink_that_fails_ends_the_verify) {
  begin();
  fill(3);
  for (const char* key : {"k0", "k1", "k2"}) fs::remove(path(std::string("b/") + key));
  int heard = 0;
  const auto sink = [&](const Finding&) -> Result<void> {
    ++heard;
    return std::unexpected(Error(Code::cancelled, "enough"));
  };
  EXPECT_EQ(manager_->verify("b", {}, sink).error().message(), "enough");
  EXPECT_EQ(heard, 1);
}

TEST_F(ManagerTest, a_verify_ends_when_it_is_asked_to_stop) {
  begin();
  constexpr int kMany = 3000;
  for (int i = 0; i < kMany; ++i) behind_our_back("x" + std::to_string(i), "");
  std::stop_source stop;
  int heard = 0;
  const auto sink = [&](const Finding&) -> Result<void> {
    ++heard;
    stop.request_stop();
    return {};
  };
  const VerifyOptions options{.level = VerifyLevel::listing, .stop = stop.get_token()};
  const VerifyReport report = manager_->verify("b", options, sink).value();
  ASSERT_TRUE(report.error);
  EXPECT_EQ(report.error->code(), Code::cancelled);
  EXPECT_FALSE(report.is_consistent());
  EXPECT_LT(heard, kMany);
}

TEST_F(ManagerTest, syncs_end_when_they_are_asked_to_stop_and_go_on_by_themselves) {
  begin();
  fill(3);
  write_to_primary("theirs", "body");
  std::stop_source stop;
  stop.request_stop();
  const SyncAllReport report = manager_->sync_all(1h, stop.get_token()).value();
  EXPECT_FALSE(report.is_complete());
  ASSERT_FALSE(report.targets.empty());
  EXPECT_EQ(report.targets[0].error->code(), Code::cancelled);
  const auto full = store_->full_sync("b", 1h, stop.get_token());
  EXPECT_EQ(full.error().code(), Code::cancelled);
  EXPECT_TRUE(soon([&] { return fs::exists(path("b/theirs")); })) << "of the whole comparison";
}

TEST_F(ManagerTest, more_findings_than_memory_should_hold_are_handed_out_all) {
  begin();
  constexpr int kMany = 3000;
  for (int i = 0; i < kMany; ++i) behind_our_back("x" + std::to_string(i), "");
  EXPECT_EQ(found("b", VerifyLevel::listing).size(), static_cast<std::size_t>(kMany));
  EXPECT_EQ(report_.extra, static_cast<std::uint64_t>(kMany));
}

TEST_F(ManagerTest, a_first_sync_copies_what_is_missing_and_a_second_one_skips_all) {
  begin();
  fill(20);
  fs::remove(path("b/k0"));
  fs::remove(path("b/k1"));
  write_to_primary("backup", "of another tool");
  auto report = manager_->sync_all();
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->is_complete()) << to_json(*report);
  EXPECT_EQ(report->total, 42U);
  EXPECT_EQ(report->replicated, 4U) << to_json(*report);
  EXPECT_EQ(report->skipped, 38U);
  EXPECT_EQ(report->failed, 0U);
  EXPECT_EQ(held("k0"), "body");
  EXPECT_EQ(held("backup"), "of another tool");
  report = manager_->sync_all();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->skipped, 42U) << to_json(*report);
  EXPECT_EQ(report->replicated + report->failed + report->pending, 0U);
}

TEST_F(ManagerTest, an_object_of_another_tool_is_replicated_when_asked_for) {
  begin();
  ASSERT_TRUE(store_->pause("b"));
  write_to_primary("backup", "of another tool");
  const auto job = manager_->replicate("backup");
  ASSERT_TRUE(job) << job.error().to_string();
  ASSERT_TRUE(soon([&] { return job->status()->targets[0].state == JobState::completed; }));
  EXPECT_EQ(job->status()->state, JobState::in_progress);
  EXPECT_EQ(job->status()->size, 15U);
  EXPECT_EQ(job->wait(50ms).error().code(), Code::timed_out);
  ASSERT_TRUE(store_->resume("b"));
  const auto done = job->wait();
  ASSERT_TRUE(done) << done.error().to_string();
  EXPECT_EQ(done->state, JobState::completed) << to_json(*done);
  EXPECT_EQ(held("backup"), "of another tool");
  const auto again = manager_->replicate("backup")->wait();
  ASSERT_TRUE(again);
  EXPECT_EQ(status("b").counts.replicated, 1U) << "it is there";
  EXPECT_EQ(manager_->replicate("none").error().code(), Code::not_found);
  EXPECT_EQ(manager_->replicate(".godwit/group").error().code(), Code::invalid_argument);
}

TEST_F(ManagerTest, what_was_asked_for_is_delivered_after_a_restart) {
  begin();
  ASSERT_TRUE(store_->pause("a"));
  ASSERT_TRUE(store_->pause("b"));
  write_to_primary("backup", "of another tool");
  const auto job = manager_->replicate("backup");
  ASSERT_TRUE(job);
  EXPECT_EQ(job->status()->state, JobState::pending);
  EXPECT_FALSE(store_->close(100ms)->drained);
  EXPECT_EQ(job->wait().error().code(), Code::precondition_failed);
  store_.reset();
  open();
  EXPECT_EQ(held("backup"), "of another tool");
}

TEST_F(ManagerTest, a_job_that_fails_says_why) {
  config_.targets[1].max_retry_attempts = 1;
  begin();
  write_to_primary("dir", "x");
  fs::create_directories(path("b/dir/sub"));
  std::ofstream(path("b/dir/sub/file")) << "in the way";
  const auto failed = manager_->replicate("dir")->wait(10s);
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().code(), Code::timed_out) << failed.error().to_string();
  EXPECT_TRUE(soon([&] { return store_->dead_letters("b")->size() == 1; }));
}

TEST_F(ManagerTest, two_syncs_at_once_copy_nothing_twice) {
  begin();
  fill(100);
  for (int i = 0; i < 100; ++i) fs::remove(path("b/k" + std::to_string(i)));
  const auto before = status("b").counts.replicated;
  auto other = std::async(std::launch::async, [&] { return manager_->sync_all(); });
  const auto one = manager_->sync_all();
  const auto two = other.get();
  for (const auto* report : {&one, &two}) {
    ASSERT_TRUE(*report);
    EXPECT_TRUE((*report)->is_complete()) << to_json(**report);
    EXPECT_EQ((*report)->replicated + (*report)->skipped, (*report)->total);
  }
  EXPECT_EQ(status("b").counts.replicated, before + 100);
}

TEST_F(ManagerTest, a_sync_says_of_each_target_why_it_is_not_done) {
  begin();
  fill(3);
  ASSERT_TRUE(store_->pause("b"));
  const auto report = manager_->sync_all();
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->is_complete());
  ASSERT_EQ(report->targets.size(), 2U);
  EXPECT_FALSE(report->targets[0].error);
  EXPECT_EQ(report->targets[0].skipped, 3U);
  ASSERT_TRUE(report->targets[1].error);
  EXPECT_EQ(report->targets[1].error->code(), Code::precondition_failed);
}

TEST_F(ManagerTest, workers_change_under_load_and_no_write_is_lost_or_doubled) {
  config_.targets[1].workers = 3;
  config_.targets[1].most_workers = 0;
  begin();
  EXPECT_EQ(status("b").workers, 3U);
  constexpr int kMany = 300;
  std::thread writer([&] {
    for (int i = 0; i < kMany; ++i) {
      EXPECT_TRUE(store_->put("k" + std::to_string(i), "body"));
    }
  });
  ASSERT_TRUE(manager_->set_workers("b", {.least = 10}));
  EXPECT_EQ(status("b").workers, 10U);
  ASSERT_TRUE(soon([&] { return status("b").counts.replicated > kMany / 4; }));
  ASSERT_TRUE(manager_->set_workers("b", {.least = 3}));
  EXPECT_TRUE(soon([&] { return status("b").workers == 3; }));
  writer.join();
  ASSERT_TRUE(soon([&] { return settled(); })) << what_is_known();
  EXPECT_EQ(status("b").counts.replicated, static_cast<std::uint64_t>(kMany));
  EXPECT_EQ(status("b").counts.attempts, static_cast<std::uint64_t>(kMany));
  EXPECT_EQ(status("b").workers, 3U);
  for (int i = 0; i < kMany; ++i) ASSERT_EQ(held("k" + std::to_string(i)), "body");
  EXPECT_EQ(manager_->set_workers("b", {.least = 0}).error().code(), Code::invalid_argument);
  EXPECT_EQ(manager_->set_workers("b", {.least = 4, .most = 2}).error().code(),
            Code::invalid_argument);
  EXPECT_EQ(manager_->set_workers("nobody", {}).error().code(), Code::not_found);
}

TEST_F(ManagerTest, status_and_kpis_are_of_real_bytes_and_times) {
  begin();
  auto kpis = manager_->kpis().value();
  EXPECT_TRUE(kpis.all_met());
  EXPECT_FALSE(kpis.bytes_per_second.has_data);
  EXPECT_FALSE(kpis.success_rate_percent.has_data);
  const std::string body(3'000'000, 'x');
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(store_->put("k" + std::to_string(i), body));
  ASSERT_TRUE(soon([&] { return settled(); }));
  const auto status = manager_->status().value();
  EXPECT_TRUE(status.running);
  EXPECT_EQ(status.primary, "p");
  EXPECT_EQ(status.queue_size, 0U);
  EXPECT_EQ(status.active_replications, 0U);
  EXPECT_EQ(status.workers, 16U);
  EXPECT_EQ(status.total_replicated, 6U);
  EXPECT_EQ(status.total_bytes, 18'000'000U);
  EXPECT_GT(status.average_duration, 0s);
  EXPECT_EQ(status.replication_lag, 0s);
  const Duration moving = store_->metrics()->moving_time;
  kpis = manager_->kpis({.queue = 1, .bytes_per_second = 1}).value();
  EXPECT_NEAR(kpis.bytes_per_second.value, 18e6 / std::chrono::duration<double>(moving).count(), 1);
  EXPECT_EQ(kpis.success_rate_percent.value, 100);
  EXPECT_TRUE(kpis.all_met()) << to_json(kpis);
  ASSERT_TRUE(store_->pause("b"));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(store_->put("k" + std::to_string(i), "x"));
  kpis = manager_->kpis({.lag = 1ns, .queue = 3, .bytes_per_second = 1e15}).value();
  EXPECT_FALSE(kpis.queue.met);
  EXPECT_FALSE(kpis.lag_seconds.met);
  EXPECT_FALSE(kpis.bytes_per_second.met);
  EXPECT_GT(manager_->status()->queue_size, 2U);
  ASSERT_TRUE(store_->close());
  EXPECT_FALSE(manager_->status()->running);
}

}  // namespace
}  // namespace godwit
