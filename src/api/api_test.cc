#include <cstdio>
#include <cstring>
#include <future>
#include <latch>

#include "support/store_fixture.h"

namespace godwit {
namespace {

TEST_F(StoreTest, what_is_put_is_read_headed_listed_and_removed_everywhere) {
  open();
  const auto receipt = store_->put("a/k", "body", {.metadata = {.content_type = "text/x"}});
  ASSERT_TRUE(receipt);
  EXPECT_EQ(receipt->targets.size(), 2U);
  EXPECT_EQ(get("a/k"), "body");
  const auto head = store_->head("a/k");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->info.size, 4U);
  EXPECT_EQ(head->info.metadata.content_type, "text/x");
  EXPECT_TRUE(head->info.metadata.user.empty());
  EXPECT_EQ(head->version, receipt->version);
  EXPECT_EQ(head->from, "p");
  EXPECT_TRUE(store_->exists("a/k").value());
  EXPECT_FALSE(store_->exists("a/none").value());
  ASSERT_TRUE(soon([&] { return settled(); }));
  EXPECT_EQ(held("a/k"), "body");
  EXPECT_EQ(get("a/k", {.preference = ReadPreference::secondary}), "body");
  ASSERT_TRUE(store_->remove("a/k"));
  EXPECT_EQ(store_->get("a/k").error().code(), Code::not_found);
  ASSERT_TRUE(soon([&] { return settled(); }));
  EXPECT_FALSE(fs::exists(path("b/a/k")));
}

TEST_F(StoreTest, a_listing_is_in_key_order_below_a_prefix_from_a_key_on_until_told_to_stop) {
  open();
  for (const char* key : {"b", "a/3", "a/1", "a/2"}) ASSERT_TRUE(store_->put(key, "x"));
  std::vector<std::string> keys;
  const auto note = [&](const ListEntry& entry) {
    keys.push_back(entry.key);
    return true;
  };
  ASSERT_TRUE(store_->list({}, note));
  EXPECT_EQ(keys, (std::vector<std::string>{"a/1", "a/2", "a/3", "b"}));
  keys.clear();
  ASSERT_TRUE(store_->list({.prefix = "a/", .start_after = "a/1"}, note));
  EXPECT_EQ(keys, (std::vector<std::string>{"a/2", "a/3"}));
  int calls = 0;
  ASSERT_TRUE(store_->list({}, [&](const ListEntry&) { return ++calls < 2; }));
  EXPECT_EQ(calls, 2);
}

TEST_F(StoreTest, a_body_comes_in_pieces_on_the_callers_thread) {
  open();
  std::string body(1'000'000, 'x');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * i);
  ASSERT_TRUE(store_->put("k", body));
  std::string seen;
  const auto self = std::this_thread::get_id();
  const auto head = store_->get("k", [&](std::span<const std::byte> piece) -> Result<void> {
    EXPECT_EQ(std::this_thread::get_id(), self);
    seen.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    return {};
  });
  ASSERT_TRUE(head);
  EXPECT_EQ(head->info.size, body.size());
  EXPECT_TRUE(seen == body);
  const auto stopped = store_->get("k", [](std::span<const std::byte>) -> Result<void> {
    return std::unexpected(Error(Code::no_space, "enough"));
  });
  EXPECT_EQ(stopped.error().message(), "enough");
  const auto throws = [](std::span<const std::byte>) -> Result<void> { throw 1; };
  EXPECT_THROW((void)store_->get("k", throws), int);
  EXPECT_EQ(store_->get("k", ReadOptions{.max_bytes = 10}).error().code(), Code::limit_exceeded);
  EXPECT_EQ(get("k", {.range = ByteRange{.offset = 0, .size = 2}}), body.substr(0, 2));
}

TEST_F(StoreTest, a_body_is_made_in_pieces_on_the_callers_thread) {
  open();
  std::string body;
  body.resize(20'000'000);
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * i);
  std::size_t given = 0;
  const auto self = std::this_thread::get_id();
  const auto source = [&](std::span<std::byte> into) -> Result<std::size_t> {
    EXPECT_EQ(std::this_thread::get_id(), self);
    const std::size_t count = std::min({into.size(), body.size() - given, std::size_t{77'777}});
    std::memcpy(into.data(), body.data() + given, count);
    given += count;
    return count;
  };
  ASSERT_TRUE(store_->put("k", source));
  EXPECT_TRUE(get("k") == body);
  ASSERT_TRUE(soon([&] { return settled(); }));
  EXPECT_TRUE(held("k") == body);
  given = body.size() - 10;
  ASSERT_TRUE(store_->put("small", source, 10));
  EXPECT_EQ(get("small"), body.substr(body.size() - 10));
  given = 0;
  const auto longer = store_->put("other", source, body.size() - 1);
  EXPECT_EQ(longer.error().code(), Code::invalid_argument);
  const auto stops = [&](std::span<std::byte>) -> Result<std::size_t> {
    return std::unexpected(Error(Code::no_space, "enough"));
  };
  EXPECT_EQ(store_->put("other", stops).error().message(), "enough");
  const auto throws = [](std::span<std::byte>) -> Result<std::size_t> { throw 1; };
  EXPECT_THROW((void)store_->put("other", throws), int);
  EXPECT_FALSE(store_->exists("other").value());
}

TEST_F(StoreTest, closing_ends_a_put_whose_source_hangs) {
  open();
  std::promise<void> asked;
  std::promise<void> go_on;
  const auto source = [&](std::span<std::byte>) -> Result<std::size_t> {
    asked.set_value();
    go_on.get_future().wait();
    return 0;
  };
  auto put = std::async(std::launch::async, [&] { return store_->put("k", source); });
  asked.get_future().wait();
  ASSERT_TRUE(store_->close());
  go_on.set_value();
  EXPECT_EQ(put.get().error().code(), Code::cancelled);
}

TEST_F(StoreTest, a_write_may_depend_on_what_is_there) {
  open();
  const auto first = store_->put("k", "1", {.expected = Expected{}});
  ASSERT_TRUE(first);
  EXPECT_EQ(store_->put("k", "2", {.expected = Expected{}}).error().code(),
            Code::precondition_failed);
  EXPECT_TRUE(store_->put("k", "2", {.expected = Expected{first->version}}));
}

TEST_F(StoreTest, what_a_paused_target_missed_is_kept_over_a_restart_and_delivered) {
  open();
  ASSERT_TRUE(store_->pause("b"));
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(store_->put("k" + std::to_string(i), "x"));
  ASSERT_TRUE(store_->remove("k0"));
  const auto left = store_->close(10s);
  ASSERT_TRUE(left);
  EXPECT_FALSE(left->drained);
  ASSERT_EQ(left->backlogs.size(), 1U);
  EXPECT_EQ(left->backlogs[0].target, "b");
  EXPECT_EQ(left->backlogs[0].tasks, 20U);
  EXPECT_FALSE(fs::exists(path("b/k1")));
  store_.reset();
  open();
  EXPECT_EQ(held("k1"), "x");
  EXPECT_FALSE(fs::exists(path("b/k0")));
  EXPECT_TRUE(store_->close(10s)->drained);
}

TEST_F(StoreTest, a_clean_close_drains_within_its_time) {
  open();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(store_->put("k" + std::to_string(i), "x"));
  const auto left = store_->close(30s);
  ASSERT_TRUE(left);
  EXPECT_TRUE(left->drained);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(held("k" + std::to_string(i)), "x");
  EXPECT_EQ(store_->put("k", "x").error().code(), Code::precondition_failed);
  EXPECT_EQ(store_->close().error().code(), Code::precondition_failed);
  EXPECT_EQ(store_->status().error().code(), Code::precondition_failed);
  EXPECT_EQ(store_->on_event([](const Event&) {}).error().code(), Code::precondition_failed);
  EXPECT_EQ(store_->put_async("k", "x", {}, [](Result<Receipt>) { FAIL(); }).error().code(),
            Code::precondition_failed);
}

TEST_F(StoreTest, a_data_dir_is_of_one_store_at_a_time) {
  open();
  const auto second = ReplicatedStore::open(config_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::precondition_failed);
  EXPECT_NE(second.error().to_string().find("data_dir of its own"), std::string::npos);
  EXPECT_TRUE(store_->put("k", "1")) << "the first goes on";
}

TEST_F(StoreTest, a_data_dir_in_use_by_another_process_is_refused) {
  fs::create_directories(path("data/coordinator"));
  const std::string command = "exec flock " + path("data/coordinator/lock") + " cat";
  std::FILE* other = ::popen(command.c_str(), "w");
  ASSERT_NE(other, nullptr);
  EXPECT_TRUE(soon([&] { return refusal().find("another process") != std::string::npos; }))
      << refusal();
  ::pclose(other);
  open();
}

TEST_F(StoreTest, a_store_that_nobody_wrote_to_is_opened_again_and_may_become_primary) {
  open();
  reopen();
  ASSERT_TRUE(store_->move_primary({.to = "b"}));
  reopen();
  ASSERT_TRUE(store_->put("k", "1"));
  ASSERT_TRUE(store_->move_primary({.to = "a"}));
  reopen();
  EXPECT_EQ(get("k"), "1");
}

TEST_F(StoreTest, a_primary_that_is_gone_is_lost_and_not_empty) {
  open();
  ASSERT_TRUE(store_->put("k", "1"));
  ASSERT_TRUE(store_->close(10s));
  store_.reset();
  fs::remove_all(path("p"));
  EXPECT_NE(refusal().find("has no marker, though a target of the group has one"),
            std::string::npos)
      << refusal();
  EXPECT_EQ(held("k"), "1");
}

TEST_F(StoreTest, a_primary_that_goes_away_is_replaced_and_writes_go_on) {
  config_.failover.check_interval = 50ms;
  config_.failover.detection_window = 300ms;
  open();
  ASSERT_TRUE(store_->put("k", "1"));
  ASSERT_TRUE(soon([&] { return settled(); }));
  fs::rename(path("p"), path("gone"));
  ASSERT_TRUE(soon([&] { return store_->status()->primary != "p"; }));
  EXPECT_EQ(store_->status()->epoch, 2U);
  EXPECT_EQ(store_->metrics()->failovers, 1U);
  ASSERT_TRUE(store_->put("k", "2"));
  EXPECT_EQ(get("k"), "2");
}

TEST_F(StoreTest, says_what_is_wrong_with_a_config_by_its_field_and_the_nearest_match) {
  const ReplicationConfig good = config_;
  config_.targets[0].url = "rokcsdb:///x";
  EXPECT_EQ(refusal(),
            "targets.a.url: 'rokcsdb:' is not a kind of store (did you mean 'rocksdb'?)");
  config_ = good;
  config_.targets[0].url += "?fsnyc=never";
  EXPECT_NE(refusal().find("did you mean 'fsync'?"), std::string::npos) << refusal();
  config_ = good;
  config_.targets[1].name = "a";
  EXPECT_EQ(refusal(), "targets.name 'a' is there twice");
  config_ = good;
  config_.conflict_resolution = ConflictPolicy::merge;
  config_.merger = "jsno";
  EXPECT_NE(refusal().find("did you mean 'json'?"), std::string::npos) << refusal();
  config_ = good;
  config_.targets[1].url = config_.primary.url;
  EXPECT_NE(refusal().find("one place"), std::string::npos) << refusal();
  config_ = good;
  config_.mode = Mode::semi_sync;
  config_.min_sync_replicas = 3;
  EXPECT_NE(refusal().find("min_sync_replicas"), std::string::npos) << refusal();
  config_ = good;
  config_.data_dir = "";
  EXPECT_EQ(refusal(), "data_dir is empty");
  config_ = good;
  config_.name = "Not A Name";
  EXPECT_NE(refusal().find("name"), std::string::npos);
  config_ = good;
  config_.targets[0].sync_timeout = -1s;
  EXPECT_EQ(refusal(), "targets.a.sync_timeout must be > 0");
  EXPECT_EQ(parse_mode("semisync").error().hint(), "did you mean 'semi_sync'?");
  EXPECT_FALSE(fs::exists(path("data/journal-g"))) << "nothing was begun";
}

TEST_F(StoreTest, names_of_targets_are_checked_with_the_nearest_match) {
  config_.targets[0].name = "nyc3";
  open();
  for (const auto& refused :
       {store_->pause("nyc"), store_->resume("nyc"), store_->redrive("nyc", "k"),
        store_->resolve("nyc", "k", Standing::primary)}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Code::not_found);
    EXPECT_EQ(refused.error().hint(), "did you mean 'nyc3'?");
  }
  EXPECT_EQ(store_->full_sync("p").error().message(), "'p' is no target: it is the primary");
}

TEST_F(StoreTest, a_full_sync_copies_what_differs_and_takes_away_what_the_primary_lacks) {
  open();
  for (const char* key : {"k1", "k2", "k3"}) ASSERT_TRUE(store_->put(key, "x"));
  ASSERT_TRUE(soon([&] { return settled(); }));
  fs::remove(path("b/k1"));
  const auto report = store_->full_sync("b", 1min);
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->items_synced, 1U);
  EXPECT_EQ(report->items_failed, 0U);
  EXPECT_EQ(held("k1"), "x");
  ASSERT_TRUE(store_->pause("b"));
  EXPECT_EQ(store_->full_sync("b").error().code(), Code::precondition_failed);
}

TEST_F(StoreTest, a_switchover_and_back_and_a_dry_run) {
  open();
  ASSERT_TRUE(store_->put("k", "1"));
  const auto plan = store_->move_primary({.to = "a", .dry_run = true});
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->to, "a");
  EXPECT_EQ(store_->status()->primary, "p");
  ASSERT_TRUE(store_->move_primary({.to = "a"}));
  EXPECT_EQ(store_->status()->primary, "a");
  EXPECT_EQ(store_->status()->epoch, 2U);
  ASSERT_TRUE(store_->put("k", "2"));
  reopen();
  EXPECT_EQ(store_->status()->primary, "a") << "the coordinator remembers";
  EXPECT_EQ(get("k"), "2");
  ASSERT_TRUE(store_->move_primary({.to = "p"}));
  EXPECT_EQ(get("k"), "2");
  EXPECT_EQ(store_->metrics()->failovers, 0U);
}

TEST_F(StoreTest, a_failover_names_what_is_at_risk) {
  config_.late_write_window = 100ms;
  open();
  ASSERT_TRUE(store_->pause("a"));
  ASSERT_TRUE(store_->pause("b"));
  ASSERT_TRUE(store_->put("k", std::string(5'000'000, 'x')));
  ASSERT_TRUE(store_->resume("b"));
  const auto plan = store_->move_primary({.kind = MoveKind::failover, .to = "b", .dry_run = true});
  ASSERT_TRUE(plan);
  const auto report = store_->move_primary({.kind = MoveKind::failover, .to = "b"});
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(store_->metrics()->failovers, 1U);
  ASSERT_TRUE(soon([&] { return settled(); }));
  EXPECT_EQ(get("k").size(), 5'000'000U) << "it came back from the old primary";
}

TEST_F(StoreTest, targets_come_and_go_while_it_is_open) {
  open();
  ASSERT_TRUE(store_->put("k", "1"));
  ReplicaTarget more{.name = "c", .url = "file://" + path("c"), .region = "new"};
  ASSERT_TRUE(store_->add_target(more));
  ASSERT_TRUE(soon([&] { return settled(); })) << what_is_known();
  EXPECT_TRUE(fs::exists(path("c/k")));
  EXPECT_FALSE(store_->add_target(more)) << "it is there";
  more = {.name = "d", .url = "fiel:///d", .region = "new"};
  EXPECT_EQ(store_->add_target(more).error().hint(), "did you mean 'file'?");
  ASSERT_TRUE(store_->remove_target("c"));
  EXPECT_EQ(store_->status()->targets.size(), 2U);
  EXPECT_EQ(store_->remove_target("c").error().code(), Code::not_found);
}

TEST_F(StoreTest, stores_that_share_an_event_loop_live_and_end_on_their_own) {
  config_.event_loop = make_event_loop();
  open();
  ReplicationConfig other = config_;
  other.name = "h";
  other.data_dir = path("data2");
  other.primary.url = "file://" + path("p2");
  other.targets = {{.name = "b", .url = "file://" + path("b2"), .region = "far"}};
  auto second = ReplicatedStore::open(other).value();
  config_.event_loop.reset();
  other.event_loop.reset();
  for (int i = 0; i < 20; ++i) {
    const std::string key = "k" + std::to_string(i);
    ASSERT_TRUE(store_->put(key, "1"));
    ASSERT_TRUE(second->put(key, "2"));
  }
  std::promise<Code> refused;
  ASSERT_TRUE(store_->put_async("k", "1", {}, [&](const Result<Receipt>&) {
    refused.set_value(second->get("k0").error().code());
  }));
  EXPECT_EQ(refused.get_future().get(), Code::precondition_failed) << "it would wait for itself";
  ASSERT_TRUE(store_->close());
  store_.reset();
  ASSERT_TRUE(second->put("late", "2"));
  EXPECT_EQ(second->get("k0")->body, "2");
  EXPECT_TRUE(second->close(10s)->drained);
  EXPECT_TRUE(fs::exists(path("b2/late")));
}

TEST_F(StoreTest, the_loser_of_a_conflict_is_kept_in_its_directory) {
  open();
  behind_our_back("k", "theirs");
  ASSERT_TRUE(store_->put("k", "ours"));
  ASSERT_TRUE(soon([&] { return settled() && held("k") == "ours"; })) << what_is_known();
  std::vector<std::string> kept;
  for (const auto& entry : fs::recursive_directory_iterator(path("b/.godwit/rescue"))) {
    if (entry.is_regular_file()) kept.push_back(fs::relative(entry.path(), path("b")).string());
  }
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(held(kept[0]), "theirs");
  EXPECT_EQ(fs::path(kept[0]).filename(), "k");
}

TEST_F(StoreTest, a_conflict_waits_for_a_person_under_manual) {
  config_.conflict_resolution = ConflictPolicy::manual;
  open();
  behind_our_back("k", "theirs");
  ASSERT_TRUE(store_->put("k", "ours"));
  ASSERT_TRUE(soon([&] { return status("b").dead_letters == 1; })) << what_is_known();
  const auto letters = store_->dead_letters("b");
  ASSERT_TRUE(letters);
  EXPECT_EQ(letters->at(0).key, "k");
  EXPECT_EQ(letters->at(0).code, Code::precondition_failed);
  ASSERT_TRUE(store_->resolve("b", "k", Standing::other));
  EXPECT_EQ(get("k"), "theirs");
  ASSERT_TRUE(soon([&] { return settled(); }));
  EXPECT_EQ(store_->metrics()->conflicts_resolved, 1U);
}

TEST_F(StoreTest, conflicts_are_merged_by_a_merger_of_the_callers) {
  config_.conflict_resolution = ConflictPolicy::merge;
  config_.merger = "longest";
  config_.mergers["longest"] = [](const MergeInput& input) -> Result<std::string> {
    return std::max(input.ours.body, input.theirs.body, [](const auto& one, const auto& other) {
      return std::pair(one.size(), one) < std::pair(other.size(), other);
    });
  };
  open();
  behind_our_back("k", "the longer one");
  ASSERT_TRUE(store_->put("k", "short"));
  ASSERT_TRUE(soon([&] { return get("k") == "the longer one" && settled(); })) << what_is_known();
}

TEST_F(StoreTest, callbacks_are_called_once_and_may_call_on) {
  open();
  std::promise<std::string> body;
  ASSERT_TRUE(store_->put_async("k", "1", {}, [&](Result<Receipt> put) {
    ASSERT_TRUE(put);
    EXPECT_EQ(store_->get("k").error().code(), Code::precondition_failed) << "it would never end";
    ASSERT_TRUE(store_->get_async("k", {}, [&](Result<Object> got) {
      ASSERT_TRUE(got);
      body.set_value(got->body);
    }));
  }));
  EXPECT_EQ(body.get_future().get(), "1");
  std::promise<bool> removed;
  ASSERT_TRUE(store_->remove_async(
      "k", {}, [&](Result<Receipt> done) { removed.set_value(done.has_value()); }));
  EXPECT_TRUE(removed.get_future().get());
}

TEST_F(StoreTest, a_callback_that_throws_is_logged_and_counted) {
  open();
  ASSERT_TRUE(store_->put_async("k", "1", {}, [](Result<Receipt>) { throw 1; }));
  ASSERT_TRUE(soon([&] { return store_->status()->handler_errors == 1; }));
  EXPECT_EQ(log_->count, 1);
  EXPECT_EQ(get("k"), "1");
}

TEST_F(StoreTest, more_calls_than_agreed_are_refused) {
  config_.max_pending_calls = 1;
  open();
  std::promise<void> go_on;
  std::promise<void> begun;
  ASSERT_TRUE(store_->put_async("k", "1", {}, [&](Result<Receipt>) {
    begun.set_value();
    go_on.get_future().wait();
  }));
  begun.get_future().wait();
  EXPECT_EQ(store_->put("k", "2").error().code(), Code::limit_exceeded);
  go_on.set_value();
  ASSERT_TRUE(soon([&] { return store_->put("k", "2").has_value(); }));
}

TEST_F(StoreTest, many_threads_write_and_read_at_once) {
  open();
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      const std::string key = "k" + std::to_string(i);
      for (int j = 0; j < 20; ++j) {
        const std::string body = std::to_string(j);
        if (!store_->put(key, body)) ++wrong;
        if (get(key, {.preference = ReadPreference::any}) != body) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(store_->metrics()->writes_to_primary, 160U);
}

TEST_F(StoreTest, a_thousand_saves_at_once_are_all_kept) {
  open();
  constexpr int kThreads = 1000;
  std::latch begin(kThreads);
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      // Every tenth writes a key that others write too.
      const std::string key = i % 10 == 0 ? "shared" : "k" + std::to_string(i);
      begin.arrive_and_wait();
      if (!store_->put(key, std::to_string(i))) ++wrong;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(store_->metrics()->writes_to_primary, 1000U);
  ASSERT_TRUE(soon([&] { return settled(); })) << what_is_known();
  for (int i = 0; i < kThreads; ++i) {
    if (i % 10 == 0) continue;
    EXPECT_EQ(held("k" + std::to_string(i)), std::to_string(i));
  }
  EXPECT_EQ(std::stoi(get("shared")) % 10, 0);
  EXPECT_EQ(held("shared"), get("shared")) << "one of them was the last, everywhere";
}

TEST_F(StoreTest, events_are_kept_and_handlers_hear_them) {
  open();
  std::promise<Event> heard;
  std::atomic<bool> first = true;
  const auto handler = store_->on_event([&](const Event& event) {
    if (event.type == EventType::write_replicated && first.exchange(false)) heard.set_value(event);
  });
  ASSERT_TRUE(handler);
  ASSERT_TRUE(store_->put("k", "1"));
  EXPECT_EQ(heard.get_future().get().key, "k");
  store_->remove_handler(*handler);
  const auto events = store_->events().value();
  EXPECT_TRUE(std::ranges::any_of(
      events, [](const Event& event) { return event.type == EventType::target_healthy; }));
  EXPECT_NE(to_json(events.back()).find("\"event\":\""), std::string::npos);
}

TEST_F(StoreTest, status_and_metrics_are_told_as_json_too) {
  open();
  ASSERT_TRUE(store_->put("k", "1"));
  ASSERT_TRUE(soon([&] { return store_->metrics()->writes_replicated == 2; }));
  const std::string metrics = to_json(store_->metrics().value());
  EXPECT_NE(metrics.find(R"("writes_to_primary":1,"writes_replicated":2,"writes_failed":0)"),
            std::string::npos)
      << metrics;
  EXPECT_NE(metrics.find(R"("replica_success_rates":{"a":100.0,"b":100.0})"), std::string::npos)
      << metrics;
  EXPECT_NE(metrics.find(R"("hedged_reads":0,"hedges_won":0)"), std::string::npos) << metrics;
  EXPECT_GT(store_->metrics()->average_replication_time, 0s);
  const std::string status = to_json(store_->status().value());
  EXPECT_NE(status.find(R"("name":"g","primary":"p","primary_health":"healthy","epoch":1)"),
            std::string::npos)
      << status;
}

TEST_F(StoreTest, closing_ends_what_is_under_way) {
  config_.mode = Mode::sync;
  config_.targets[1].url = "s3://bucket?endpoint=http://127.0.0.1:9&region=x";
  auto opened = ReplicatedStore::open(config_);
  ASSERT_TRUE(opened) << opened.error().to_string();
  store_ = *std::move(opened);
  std::promise<Result<Receipt>> put;
  ASSERT_TRUE(store_->put_async("k", "1", {},
                                [&](Result<Receipt> done) { put.set_value(std::move(done)); }));
  const auto left = store_->close(100ms);
  ASSERT_TRUE(left);
  EXPECT_FALSE(left->drained);
  const auto ended = put.get_future().get();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().outcome(), Outcome::applied);
}

}  // namespace
}  // namespace godwit
