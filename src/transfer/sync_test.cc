#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "store/etag.h"
#include "store/layers/forwarding.h"
#include "store/memory/memory_store.h"
#include "support/run_task.h"
#include "transfer/gc.h"
#include "transfer/list_diff.h"
#include "transfer/sync.h"
#include "transfer/verify.h"
#include "world/disk.h"
#include "world/real/real_world.h"

namespace godwit::transfer {
namespace {

using namespace std::chrono_literals;

class Notes final : public Observer {
 public:
  void on_start(const Progress&) override {}
  void on_event(const Event& event) override {
    lines.push_back(std::string(to_string(event.kind)) + " " + std::string(event.key));
    if (event.error != nullptr) errors.push_back(event.error->to_string());
  }
  [[nodiscard]] bool has(const std::string& line) const {
    return std::ranges::find(lines, line) != lines.end();
  }
  std::vector<std::string> lines;
  std::vector<std::string> errors;
};

/// Runs a task to its end on a world of its own.
class SyncTest : public testing::Test {
 protected:
  SyncTest()
      : source(make_memory_store(world, "source")), target(make_memory_store(world, "target")) {
    std::filesystem::create_directories(state);
    options.transfer.state_directory = state;
  }
  ~SyncTest() override { std::filesystem::remove_all(state); }

  template <class T>
  Result<T> run(Task<T> task) {
    return test::run_task(world, std::move(task));
  }

  void put(Store& store, const std::string& key, std::string bytes, Metadata metadata = {}) {
    const Bytes size = bytes.size();
    MemoryBody body(std::move(bytes));
    PutOptions put_options;
    put_options.metadata = std::move(metadata);
    ASSERT_TRUE(run(store.put(context, key, {&body, size}, put_options)));
  }
  /// Three parts, the last one short.
  void put_in_parts(Store& store, const std::string& key) {
    const PutOptions none;
    const UploadId upload = run(store.multipart()->create(context, key, none)).value();
    std::vector<PartInfo> parts;
    for (std::uint32_t number = 1; number <= 3; ++number) {
      std::string bytes(number < 3 ? 5 * kMiB : 77, static_cast<char>('a' + number));
      const Bytes size = bytes.size();
      MemoryBody body(std::move(bytes));
      parts.push_back(run(store.multipart()->put_part(
                              context, upload, {number, (number - 1) * (5 * kMiB)}, {&body, size}))
                          .value());
    }
    ASSERT_TRUE(run(store.multipart()->complete(context, upload, parts, none)));
  }
  static Task<std::string> read(Context context, Store& store, std::string key) {
    const GetOptions get;
    GODWIT_CO_TRY(GetResult got, co_await store.get(context, key, get));
    co_return co_await read_all(*got.body, kGiB);
  }
  std::string get(Store& store, const std::string& key) {
    const Result<std::string> bytes = run(read(context, store, key));
    return bytes ? *bytes : "(" + std::string(to_string(bytes.error().code())) + ")";
  }
  SyncSummary sync_now() { return run(sync(context, *source, *target, options, notes)).value(); }
  VerifySummary verify_now(VerifyLevel level) {
    VerifyOptions verify_options;
    verify_options.level = level;
    return run(verify(context, *source, *target, verify_options, notes)).value();
  }

  RealWorld world;
  Context context{world};
  std::unique_ptr<Store> source;
  std::unique_ptr<Store> target;
  std::string state = testing::TempDir() + "godwit-sync-" + std::to_string(::getpid());
  SyncOptions options;
  Notes notes;
};

/// Where a run is ended, or somebody frees an upload as a `gc` does, at so many parts sent.
class FreedUploads final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  Task<UploadId> create(const Context& context, const std::string& key,
                        const PutOptions& put_options) override {
    ++created;
    co_return co_await ForwardingStore::create(context, key, put_options);
  }
  Task<PartInfo> put_part(const Context& context, const UploadId& upload, PartPlace place,
                          Upload part) override {
    ++sent;
    if (sent == ended_at) co_return fail(Code::cancelled, "the run is ended");
    if (sent == freed_at) GODWIT_CO_CHECK(co_await ForwardingStore::abort(context, upload));
    co_return co_await ForwardingStore::put_part(context, upload, place, part);
  }
  std::size_t created = 0;
  std::size_t sent = 0;
  std::size_t ended_at = 0;
  std::size_t freed_at = 0;
};

/// Says of each put that something was not found, as a target does whose bucket has gone.
class GoneTarget final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  Task<PutResult> put(const Context&, const std::string&, Upload, const PutOptions&) override {
    co_return fail(Code::not_found, "no such bucket");
  }
};

TEST_F(SyncTest, a_target_that_has_gone_is_not_a_source_that_was_deleted) {
  put(*source, "a", "1");
  target = std::make_unique<GoneTarget>(std::move(target));
  const SyncSummary summary = sync_now();
  EXPECT_EQ(summary.progress.failed, 1);
  EXPECT_EQ(summary.progress.skipped, 0);
}

TEST_F(SyncTest, copies_what_differs_and_leaves_the_rest) {
  put(*source, "a", "1");
  put(*source, "b", "2");
  put(*source, "c", "3");
  put(*target, "b", "2");
  put(*target, "c", "x");
  put(*target, "extra", "e");
  const SyncSummary summary = sync_now();
  EXPECT_EQ(summary.progress.total, 3);
  EXPECT_EQ(summary.progress.replicated, 2);
  EXPECT_EQ(summary.progress.skipped, 1);
  EXPECT_EQ(summary.progress.failed, 0);
  EXPECT_EQ(get(*target, "a"), "1");
  EXPECT_EQ(get(*target, "c"), "3");
  EXPECT_EQ(get(*target, "extra"), "e");
  EXPECT_EQ(sync_now().progress.skipped, 3);
}

TEST_F(SyncTest, deletes_extras_only_when_asked_and_only_within_the_limit) {
  put(*source, "a", "1");
  put(*target, "x", "1");
  put(*target, "y", "1");
  options.extra = Extra::remove;
  options.max_delete = 1;
  SyncSummary summary = sync_now();
  ASSERT_TRUE(summary.delete_refused);
  EXPECT_EQ(summary.delete_refused->code(), Code::limit_exceeded);
  EXPECT_EQ(get(*target, "x"), "1");
  options.max_delete = 2;
  summary = sync_now();
  EXPECT_FALSE(summary.delete_refused);
  EXPECT_EQ(summary.progress.deleted, 2);
  EXPECT_EQ(get(*target, "x"), "(not_found)");
}

TEST_F(SyncTest, an_empty_source_deletes_nothing_unless_told) {
  put(*target, "x", "1");
  options.extra = Extra::remove;
  EXPECT_EQ(sync_now().delete_refused->code(), Code::precondition_failed);
  EXPECT_EQ(get(*target, "x"), "1");
  options.empty_source = EmptySource::accept;
  EXPECT_EQ(sync_now().progress.deleted, 1);
}

TEST_F(SyncTest, what_is_filtered_out_is_neither_copied_nor_deleted) {
  put(*source, "a.tmp", "1");
  put(*source, "a", "1");
  put(*target, "b.tmp", "1");
  put(*target, "b", "1");
  options.extra = Extra::remove;
  options.filter.rules = {{FilterAction::exclude, Glob::parse("*.tmp").value()}};
  const SyncSummary summary = sync_now();
  EXPECT_EQ(summary.progress.total, 1);
  EXPECT_EQ(get(*target, "a.tmp"), "(not_found)");
  EXPECT_EQ(get(*target, "b.tmp"), "1");
  EXPECT_EQ(get(*target, "b"), "(not_found)");
}

TEST_F(SyncTest, a_dry_run_changes_nothing_and_tells_all) {
  put(*source, "a", "1");
  put(*target, "x", "1");
  options.run = Run::dry;
  options.extra = Extra::remove;
  const SyncSummary summary = sync_now();
  EXPECT_EQ(summary.progress.replicated, 1);
  EXPECT_EQ(summary.progress.deleted, 1);
  EXPECT_TRUE(notes.has("would_copy a"));
  EXPECT_TRUE(notes.has("would_delete x"));
  EXPECT_EQ(get(*target, "a"), "(not_found)");
  EXPECT_EQ(get(*target, "x"), "1");
}

TEST_F(SyncTest, metadata_travel_with_the_object) {
  Metadata metadata;
  metadata.content_type = "text/plain";
  metadata.user["colour"] = "gr\xc3\xbcn";
  metadata.tags["k"] = "v";
  put(*source, "a", "1", metadata);
  sync_now();
  const std::string key = "a";
  EXPECT_EQ(run(target->head(context, key))->metadata, metadata);
}

TEST_F(SyncTest, one_place_twice_is_refused) {
  const auto same = run(sync(context, *source, *source, options, notes));
  EXPECT_EQ(same.error().code(), Code::invalid_argument);
}

TEST_F(SyncTest, a_second_run_of_the_pair_is_refused_while_one_is_under_way) {
  const std::string dir = state + "/locks";
  const auto held = run(sync(context, *source, *target, options, notes));
  ASSERT_TRUE(held);
  std::filesystem::path file;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) file = entry.path();
  const auto lock = world.disk().lock(file.string());
  ASSERT_TRUE(lock);
  const auto second = run(sync(context, *source, *target, options, notes));
  EXPECT_EQ(second.error().code(), Code::precondition_failed);
}

/// How often each key was seen.
class Counter final : public DiffSink {
 public:
  explicit Counter(std::map<std::string, int>& counts) : counts_(counts) {}
  void pair(ListEntry* s, ListEntry* t) override { ++counts_[s != nullptr ? s->key : t->key]; }
  Task<void> room() override { co_return Result<void>(); }

 private:
  std::map<std::string, int>& counts_;
};

TEST_F(SyncTest, below_a_prefix_all_keys_are_seen_once_and_no_others) {
  for (const std::string prefix : {"a/", "k/", "k\xc3\xbf", "z"}) {
    for (int i = 0; i < 5000; ++i) put(*source, prefix + std::to_string(i * 7919 % 10'007), "1");
  }
  put(*target, "k/only", "1");
  put(*target, "l", "1");
  std::map<std::string, int> seen;
  Counter sink(seen);
  const DiffOptions diff{.listers = 8, .page_size = 100, .prefix = "k/"};
  ASSERT_TRUE(run(list_diff(context, *source, *target, diff, sink)));
  EXPECT_EQ(seen.size(), 5001U);
  for (const auto& [key, count] : seen) {
    ASSERT_EQ(count, 1) << key;
    ASSERT_TRUE(key.starts_with("k/")) << key;
  }
}

TEST_F(SyncTest, many_keys_are_each_seen_once_when_ranges_are_walked_side_by_side) {
  std::mt19937 random(1);
  for (int i = 0; i < 30'000; ++i) {
    const std::string key = "k/" + std::to_string(random() % 100'000'000);
    if (i % 3 != 0) put(*source, key, "1");
    if (i % 3 != 1) put(*target, key, "1");
  }
  std::map<std::string, int> seen;
  Counter sink(seen);
  const DiffOptions diff{.listers = 8, .page_size = 100};
  ASSERT_TRUE(run(list_diff(context, *source, *target, diff, sink)));
  EXPECT_GT(seen.size(), 29'000U);
  for (const auto& [key, count] : seen) ASSERT_EQ(count, 1) << key;
}

TEST_F(SyncTest, verify_tells_every_class_apart_and_repair_mends_just_those) {
  put(*source, "same", "1");
  put(*target, "same", "1");
  put(*source, "missing", "1");
  put(*source, "stale", "new");
  put(*target, "stale", "old");
  put(*source, "truncated", "12345");
  put(*target, "truncated", "123");
  Metadata type;
  type.user["k"] = "v";
  put(*source, "meta", "1", type);
  put(*target, "meta", "1");
  put(*target, "extra", "1");
  const VerifySummary listing = verify_now(VerifyLevel::listing);
  EXPECT_EQ(listing.total, 6);
  EXPECT_EQ(listing.same, 2);
  EXPECT_EQ(listing.missing, 1);
  EXPECT_EQ(listing.different, 2);
  EXPECT_EQ(listing.extra, 1);
  EXPECT_EQ(verify_now(VerifyLevel::checksum).metadata_only, 1);
  RepairOptions mend;
  mend.verify.level = VerifyLevel::content;
  const auto repaired = run(repair(context, *source, *target, mend, notes)).value();
  EXPECT_EQ(repaired.progress.replicated, 4);
  const VerifySummary after = verify_now(VerifyLevel::content);
  EXPECT_EQ(after.same, 5);
  EXPECT_EQ(after.extra, 1);
  EXPECT_FALSE(after.clean());
}

/// Tells no MD5s, as a directory does: what is in it must be read.
class Tokenless final : public ForwardingStore {
 public:
  explicit Tokenless(std::unique_ptr<Store> inner)
      : ForwardingStore(std::move(inner)), capabilities_(ForwardingStore::capabilities()) {
    capabilities_.etag_is_md5 = capabilities_.put_tells_md5 = false;
    capabilities_.server_side_copy = false;
  }
  [[nodiscard]] const Capabilities& capabilities() const override { return capabilities_; }

 private:
  Capabilities capabilities_;
};

TEST_F(SyncTest, checksums_are_made_of_what_one_side_holds_when_only_the_other_tells_them) {
  put(*source, "same", "12345");
  put(*target, "same", "12345");
  put(*source, "rotten", "12345");
  put(*target, "rotten", "12x45");
  target = std::make_unique<Tokenless>(std::move(target));
  for (int turned = 0; turned < 2; ++turned) {
    const VerifySummary found = verify_now(VerifyLevel::checksum);
    EXPECT_EQ(found.same, 1);
    EXPECT_EQ(found.different, 1);
    EXPECT_EQ(found.bytes_read, 10) << "of the one side that tells nothing";
    std::swap(source, target);
  }
  source = std::make_unique<Tokenless>(std::move(source));
  const VerifySummary neither = verify_now(VerifyLevel::checksum);
  EXPECT_EQ(neither.same, 1);
  EXPECT_EQ(neither.different, 1);
  EXPECT_EQ(neither.bytes_read, 20);
}

TEST_F(SyncTest, a_sync_by_checksum_finds_what_size_and_time_hide) {
  put(*source, "rotten", "12345");
  put(*source, "same", "12345");
  put(*target, "rotten", "12x45");
  put(*target, "same", "12345");
  source = std::make_unique<Tokenless>(std::move(source));
  target = std::make_unique<Tokenless>(std::move(target));
  options.compare = Compare::checksum;
  const SyncSummary summary = sync_now();
  EXPECT_EQ(summary.progress.replicated, 1);
  EXPECT_EQ(summary.progress.skipped, 1);
  EXPECT_EQ(get(*target, "rotten"), "12345");
}

/// Calls one object doubtful, as a directory does after a power loss.
class Doubting final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  std::unique_ptr<Listing> list(const ListOptions& options) override {
    return std::make_unique<DoubtingListing>(inner().list(options));
  }
  Task<ObjectInfo> head(const Context& context, const std::string& key) override {
    GODWIT_CO_TRY(ObjectInfo info, co_await inner().head(context, key));
    doubt(info.key, info.etag);
    co_return info;
  }

 private:
  static void doubt(const std::string& key, std::string& etag) {
    if (key == "doubtful") etag = std::string(kDoubtful) + "x";
  }
  class DoubtingListing final : public Listing {
   public:
    explicit DoubtingListing(std::unique_ptr<Listing> inner) : inner_(std::move(inner)) {}
    Task<std::vector<ListEntry>> next(const Context& context) override {
      GODWIT_CO_TRY(std::vector<ListEntry> page, co_await inner_->next(context));
      for (ListEntry& entry : page) doubt(entry.key, entry.etag);
      co_return page;
    }

   private:
    std::unique_ptr<Listing> inner_;
  };
};

TEST_F(SyncTest, what_is_in_doubt_is_named_by_a_listing_and_read_beyond_it) {
  for (const char* key : {"doubtful", "sound"}) {
    put(*source, key, "12345");
    put(*target, key, "12345");
  }
  target = std::make_unique<Doubting>(std::move(target));
  const VerifySummary listing = verify_now(VerifyLevel::listing);
  EXPECT_EQ(listing.same, 1);
  EXPECT_EQ(listing.doubtful, 1);
  EXPECT_FALSE(listing.clean());
  EXPECT_TRUE(notes.has("doubtful doubtful"));
  const VerifySummary read = verify_now(VerifyLevel::checksum);
  EXPECT_EQ(read.same, 2);
  EXPECT_EQ(read.bytes_read, 5) << "its token is not believed";
  const RepairOptions mend;
  EXPECT_EQ(run(repair(context, *source, *target, mend, notes))->progress.replicated, 1);
  options.compare = Compare::checksum;
  EXPECT_EQ(sync_now().progress.replicated, 1);
}

/// Fails so many calls for a passing reason.
class Flaky final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  Task<ObjectInfo> head(const Context& context, const std::string& key) override {
    if (heads > 0) co_return failing(heads);
    co_return co_await inner().head(context, key);
  }
  Task<PutResult> put(const Context& context, const std::string& key, Upload upload,
                      const PutOptions& options) override {
    if (puts > 0) co_return failing(puts);
    co_return co_await inner().put(context, key, upload, options);
  }
  int heads = 0;
  int puts = 0;

 private:
  static std::unexpected<Error> failing(int& left) {
    --left;
    return fail(Error(Code::unavailable, "not now").with(Retry::later));
  }
};

TEST_F(SyncTest, a_pair_is_counted_once_however_often_its_copy_is_tried) {
  Metadata type;
  type.user["k"] = "v";
  put(*source, "a", "1", type);
  put(*target, "a", "1");
  auto flaky = std::make_unique<Flaky>(std::move(target));
  flaky->puts = 2;
  target = std::move(flaky);
  RepairOptions mend;
  mend.verify.level = VerifyLevel::content;
  const RepairSummary summary = run(repair(context, *source, *target, mend, notes)).value();
  EXPECT_EQ(summary.found.total, 1);
  EXPECT_EQ(summary.found.metadata_only, 1);
  EXPECT_EQ(summary.progress.retries, 2);
  EXPECT_EQ(summary.progress.replicated, 1);
}

TEST_F(SyncTest, a_pair_that_could_not_be_compared_is_unreadable_also_at_the_first_try) {
  put(*source, "a", "1");
  put(*target, "a", "1");
  auto flaky = std::make_unique<Flaky>(std::move(target));
  flaky->heads = 1;
  target = std::move(flaky);
  VerifyOptions once;
  once.level = VerifyLevel::checksum;
  once.transfer.attempts = 1;
  const VerifySummary found = run(verify(context, *source, *target, once, notes)).value();
  EXPECT_EQ(found.unreadable, 1);
  EXPECT_FALSE(found.clean());
}

TEST_F(SyncTest, repair_removes_extras_as_carefully_as_sync) {
  put(*target, "extra", "1");
  RepairOptions mend;
  mend.extra = Extra::remove;
  mend.verify.transfer.attempts = 1;
  RepairSummary summary = run(repair(context, *source, *target, mend, notes)).value();
  ASSERT_TRUE(summary.delete_refused) << "the source is empty";
  put(*source, "a", "1");
  auto flaky = std::make_unique<Flaky>(std::move(target));
  flaky->puts = 1;
  target = std::move(flaky);
  summary = run(repair(context, *source, *target, mend, notes)).value();
  EXPECT_EQ(summary.progress.failed, 1);
  ASSERT_TRUE(summary.delete_refused) << "a copy failed";
  EXPECT_EQ(get(*target, "extra"), "1");
  summary = run(repair(context, *source, *target, mend, notes)).value();
  EXPECT_FALSE(summary.delete_refused);
  EXPECT_EQ(summary.progress.deleted, 1);
}

TEST_F(SyncTest, a_multipart_object_keeps_its_layout_and_its_etag) {
  const std::string key = "big";
  put_in_parts(*source, key);
  // Two memory stores are one service; a streaming copy is what is to be seen here.
  EXPECT_EQ(sync_now().progress.failed, 0);
  EXPECT_EQ(run(target->head(context, key))->etag, run(source->head(context, key))->etag);
  EXPECT_EQ(get(*target, key), get(*source, key));
  EXPECT_TRUE(run(target->multipart()->list(context, ""))->empty());
}

TEST_F(SyncTest, parts_that_are_not_the_sources_are_refused_where_it_tells_how_it_was_cut) {
  const std::string key = "big";
  put_in_parts(*source, key);
  class Damaging final : public ForwardingStore {
   public:
    using ForwardingStore::ForwardingStore;
    Task<ObjectInfo> head(const Context& context, const std::string& what) override {
      GODWIT_CO_TRY(ObjectInfo info, co_await ForwardingStore::head(context, what));
      info.part_size = 5 * kMiB;
      co_return info;
    }
    Task<GetResult> get(const Context& context, const std::string& what,
                        const GetOptions& options) override {
      GODWIT_CO_TRY(GetResult got, co_await ForwardingStore::get(context, what, options));
      GODWIT_CO_TRY(std::string bytes, co_await read_all(*got.body, kGiB));
      bytes.front() ^= 1;
      got.body = std::make_unique<MemoryBody>(std::move(bytes));
      co_return got;
    }
  };
  source = std::make_unique<Damaging>(std::move(source));
  EXPECT_EQ(sync_now().progress.failed, 1);
  EXPECT_EQ(get(*target, key), "(not_found)");
}

TEST_F(SyncTest, a_copy_whose_upload_was_freed_meanwhile_begins_a_new_one_in_the_same_run) {
  const std::string key = "big";
  put_in_parts(*source, key);
  auto owned = std::make_unique<FreedUploads>(std::move(target));
  FreedUploads& uploads = *owned;
  target = std::move(owned);
  uploads.ended_at = 2;
  EXPECT_EQ(sync_now().progress.failed, 1);
  uploads.freed_at = 3;
  const SyncSummary summary = sync_now();
  EXPECT_EQ(summary.progress.failed, 0);
  EXPECT_EQ(summary.progress.replicated, 1);
  EXPECT_TRUE(notes.has("resumed big"));
  EXPECT_TRUE(notes.has("retried big"));
  EXPECT_EQ(uploads.created, 2);
  EXPECT_EQ(uploads.sent, 2 + 1 + 3) << "those of the upload that was freed are sent again";
  EXPECT_EQ(get(*target, key), get(*source, key));
  EXPECT_TRUE(run(target->multipart()->list(context, ""))->empty());
}

TEST_F(SyncTest, a_source_that_goes_while_its_parts_are_sent_begins_no_new_upload) {
  const std::string key = "big";
  put_in_parts(*source, key);
  class Vanishing final : public ForwardingStore {
   public:
    using ForwardingStore::ForwardingStore;
    Task<GetResult> get(const Context& context, const std::string& what,
                        const GetOptions&) override {
      const std::vector<std::string> keys = {what};
      GODWIT_CO_CHECK(co_await ForwardingStore::remove(context, keys));
      co_return fail(Code::not_found, "no such object");
    }
  };
  source = std::make_unique<Vanishing>(std::move(source));
  auto owned = std::make_unique<FreedUploads>(std::move(target));
  const FreedUploads& uploads = *owned;
  target = std::move(owned);
  const SyncSummary summary = sync_now();
  EXPECT_EQ(summary.progress.failed, 0);
  EXPECT_EQ(summary.progress.skipped, 1);
  EXPECT_EQ(uploads.created, 1);
  EXPECT_TRUE(run(target->multipart()->list(context, ""))->empty());
}

TEST_F(SyncTest, gc_frees_only_uploads_that_are_old_enough) {
  const std::string key = "big";
  const PutOptions none;
  ASSERT_TRUE(run(target->multipart()->create(context, key, none)));
  EXPECT_EQ(run(gc(context, *target, "", 1h, Run::real, notes))->removed, 0);
  EXPECT_EQ(run(gc(context, *target, "", 0s, Run::dry, notes))->removed, 1);
  EXPECT_EQ(run(gc(context, *target, "", 0s, Run::real, notes))->removed, 1);
  EXPECT_TRUE(run(target->multipart()->list(context, ""))->empty());
}

}  // namespace
}  // namespace godwit::transfer
