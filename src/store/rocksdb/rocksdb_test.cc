#include <gtest/gtest.h>

#include <map>

#include "kv/sim_engine.h"
#include "store/rocksdb/place.h"
#include "store/rocksdb/rocks_store.h"
#include "support/run_task.h"
#include "world/sim/sim_world.h"

namespace godwit::rocks {
namespace {

Task<PutResult> put_object(Context context, Store& store, std::string key, std::string bytes,
                           PutOptions options) {
  const Bytes size = bytes.size();
  MemoryBody body(std::move(bytes));
  const Upload upload{&body, size};
  co_return co_await store.put(context, key, upload, options);
}

Task<std::string> read_object(Context context, Store& store, std::string key) {
  const GetOptions options;
  GODWIT_CO_TRY(GetResult got, co_await store.get(context, key, options));
  co_return co_await read_all(*got.body, kGiB);
}

Task<std::string> read_rest(Body& body) { co_return co_await read_all(body, kGiB); }

Task<PartInfo> put_part(Context context, Store& store, UploadId upload, std::string bytes) {
  const Bytes size = bytes.size();
  MemoryBody body(std::move(bytes));
  const Upload part{&body, size};
  const PartPlace place{1, 0};
  co_return co_await store.multipart()->put_part(context, upload, place, part);
}

/// The store on a simulated engine, of which a test sees the rows.
class RocksdbStore : public testing::Test {
 protected:
  static constexpr const char* kDirectory = "/db";

  RocksdbStore() { open(); }
  ~RocksdbStore() override { close(); }

  void open(const std::string& options = "missing=empty") {
    const std::string url = "rocksdb://" + std::string(kDirectory) + "?" + options;
    store_ = scheme_.open(world_, parse_store_url(url, "/").value()).value();
  }
  void close() {
    if (store_) (void)run(store_->close());
    store_.reset();
  }
  template <class T>
  Result<T> run(Task<T> task) {
    return test::run_task(world_, std::move(task));
  }
  Result<PutResult> put(const std::string& key, const std::string& bytes,
                        const PutOptions& options = {}) {
    return run(put_object(context_, *store_, key, bytes, options));
  }
  Result<std::string> get(const std::string& key) {
    return run(read_object(context_, *store_, key));
  }
  Result<void> remove(const std::string& key) {
    const std::vector<std::string> keys = {key};
    GODWIT_CHECK(run(store_->remove(context_, keys)));
    return {};
  }
  /// The names of all rows that begin so. Nobody may have the database open.
  std::vector<std::string> rows(const std::string& prefix) {
    auto database = engine_.open(kDirectory, {}).value();
    kv::Range range;
    range.first = prefix;
    range.end = behind(prefix);
    range.most = 100'000;
    range.most_bytes = kGiB;
    std::vector<std::string> names;
    const std::vector<kv::Row> found = database->scan(range).value();
    for (const kv::Row& row : found) names.push_back(row.key);
    return names;
  }
  std::size_t count_after_close(const std::string& prefix) {
    close();
    const std::size_t count = rows(prefix).size();
    open();
    return count;
  }

  SimWorld world_{1};
  Context context_{world_};
  kv::SimEngine engine_{[this] { return world_.random(); }};
  SchemeInfo scheme_ = rocksdb_scheme(engine_);
  std::unique_ptr<Store> store_;
};

constexpr std::size_t kThreeChunks = 2 * kChunk + 1000;

TEST_F(RocksdbStore, what_is_replaced_or_removed_leaves_no_rows) {
  ASSERT_TRUE(put("k", std::string(kThreeChunks, 'a')));
  ASSERT_TRUE(put("large", std::string(20 * kChunk, 'a')));
  ASSERT_TRUE(put("k", "b"));
  ASSERT_TRUE(remove("large"));
  EXPECT_EQ(count_after_close("c"), 1U);
  EXPECT_EQ(count_after_close("d"), 0U);
  EXPECT_EQ(get("k").value(), "b");
}

TEST_F(RocksdbStore, a_reader_keeps_the_version_that_it_reads_and_its_rows_go_later) {
  const std::string before(kThreeChunks, 'a');
  ASSERT_TRUE(put("k", before));
  const std::string key = "k";
  const GetOptions whole;
  auto got = run(store_->get(context_, key, whole));
  ASSERT_TRUE(put("k", "b"));
  ASSERT_TRUE(remove("k"));
  EXPECT_EQ(run(read_rest(*got->body)).value(), before);
  got->body.reset();
  ASSERT_TRUE(put("other", "c"));
  ASSERT_TRUE(put("other", "d"));
  EXPECT_EQ(count_after_close("c"), 1U) << "what was read last is freed by the next change";
}

TEST_F(RocksdbStore, a_put_that_fails_leaves_no_rows) {
  MemoryBody body(std::string(kThreeChunks, 'a'));
  const std::string key = "k";
  const PutOptions none;
  EXPECT_FALSE(run(store_->put(context_, key, {&body, kThreeChunks + 1}, none)));
  PutOptions matches;
  matches.condition = Condition::matches;
  matches.etag = "none";
  EXPECT_FALSE(put("k", std::string(kThreeChunks, 'a'), matches));
  EXPECT_EQ(count_after_close("c"), 0U);
  EXPECT_EQ(count_after_close("d"), 0U);
}

TEST_F(RocksdbStore, an_open_sweeps_what_a_crash_left) {
  ASSERT_TRUE(put("k", "kept"));
  int calls = 0;
  engine_.on_call([&] {
    if (++calls == 8) engine_.crash(Crash::process);
  });
  EXPECT_FALSE(put("k", std::string(20 * kChunk, 'a')));
  engine_.on_call(nullptr);
  close();
  engine_.restart();
  EXPECT_GT(rows("c").size(), 2U);
  EXPECT_EQ(rows("d").size(), 1U);
  open();
  EXPECT_EQ(get("k").value(), "kept");
  EXPECT_EQ(count_after_close("c"), 1U);
  EXPECT_EQ(count_after_close("d"), 0U);
}

TEST_F(RocksdbStore, completing_moves_no_byte_and_frees_what_is_not_named) {
  const std::string key = "k";
  const PutOptions none;
  const UploadId upload = run(store_->multipart()->create(context_, key, none)).value();
  (void)run(put_part(context_, *store_, upload, std::string(kThreeChunks, 'x')));
  const PartInfo part =
      run(put_part(context_, *store_, upload, std::string(kThreeChunks, 'y'))).value();
  close();
  const auto before = rows("c");
  EXPECT_EQ(before.size(), 3U) << "a part that was replaced is gone";
  open();
  const std::vector<PartInfo> parts = {part};
  ASSERT_TRUE(run(store_->multipart()->complete(context_, upload, parts, none)));
  EXPECT_EQ(get("k").value(), std::string(kThreeChunks, 'y'));
  close();
  EXPECT_EQ(rows("c"), before);
  EXPECT_TRUE(rows("u").empty());
  EXPECT_TRUE(rows("p").empty());
  open();
}

TEST_F(RocksdbStore, what_is_not_there_is_made_only_where_it_is_asked_for) {
  close();
  open("missing=error");
  const std::string key = "k";
  const auto missing = run(store_->head(context_, key));
  EXPECT_EQ(missing.error().code(), Code::not_found);
  EXPECT_FALSE(missing.error().hint().empty());
}

TEST_F(RocksdbStore, a_database_of_something_else_is_refused) {
  close();
  kv::Batch batch;
  batch.put("a", "row");
  ASSERT_TRUE(engine_.open(kDirectory, {}).value()->write(batch, kv::Durability::now));
  open();
  EXPECT_EQ(get("k").error().code(), Code::unsupported);
}

TEST_F(RocksdbStore, two_stores_of_a_process_share_a_directory) {
  const auto spec = parse_store_url("rocksdb:///db//logs/?missing=empty", "/").value();
  const auto logs = scheme_.open(world_, spec).value();
  ASSERT_TRUE(put("logs/a", "1"));
  EXPECT_EQ(run(read_object(context_, *logs, "a")).value(), "1");
  EXPECT_TRUE(logs->identity().place.starts_with(store_->identity().place));
  EXPECT_EQ(logs->identity().url, "rocksdb:///db//logs/");
  (void)run(logs->close());
}

TEST_F(RocksdbStore, a_chunk_that_is_missing_is_corrupted) {
  ASSERT_TRUE(put("k", std::string(kThreeChunks, 'a')));
  close();
  kv::Batch batch;
  batch.erase(rows("c").at(1));
  ASSERT_TRUE(engine_.open(kDirectory, {}).value()->write(batch, kv::Durability::now));
  open();
  EXPECT_EQ(get("k").error().code(), Code::corrupted);
}

TEST_F(RocksdbStore, rows_that_are_not_whole_are_corrupted) {
  PutOptions options;
  options.metadata.user["name"] = "value";
  ASSERT_TRUE(put("k", "bytes", options));
  close();
  std::string header = engine_.open(kDirectory, {}).value()->get("ok").value().value();
  for (std::size_t size = 0; size < header.size(); ++size) {
    EXPECT_EQ(decode_header(header.substr(0, size)).error().code(), Code::corrupted) << size;
  }
  EXPECT_FALSE(decode_header(header + "x"));
  EXPECT_EQ(decode_header(header)->metadata, options.metadata);
}

TEST(RocksdbDurability, a_put_is_synced_before_it_returns_or_by_flush) {
  for (const bool batch : {false, true}) {
    SimWorld world(1);
    const Context context(world);
    kv::SimEngine engine([] { return std::uint64_t{0}; });  // a power loss keeps the least
    const SchemeInfo scheme = rocksdb_scheme(engine);
    const std::string url =
        std::string("rocksdb:///db?missing=empty&fsync=") + (batch ? "batch" : "always");
    const auto spec = parse_store_url(url, "/").value();
    {
      const auto store = scheme.open(world, spec).value();
      ASSERT_TRUE(test::run_task(world, put_object(context, *store, "k", "bytes", {})));
      ASSERT_TRUE(test::run_task(world, store->flush(context)));
      engine.crash(Crash::power);
    }
    engine.restart();
    const auto store = scheme.open(world, spec).value();
    EXPECT_EQ(test::run_task(world, read_object(context, *store, "k")).value(), "bytes");
  }
}

/// Writers on a store whose engine fails and dies, from a seed. What was acknowledged is the least
/// that is there; what is there is whole; nothing is left over.
class Lives : public RocksdbStore {
 protected:
  /// The version that a body is of. All of it must be.
  static int version_of(const std::string& bytes) {
    const int version = std::stoi(bytes);
    EXPECT_EQ(bytes, body_of(version));
    return version;
  }
  static std::string body_of(int version) {
    std::string bytes = std::to_string(version) + ":";
    bytes.resize(bytes.size() + static_cast<std::size_t>(version) % 4 * 200'000,
                 static_cast<char>('a' + version % 26));
    return bytes;
  }
  void live() {
    const auto until_crash = world_.random() % 150;
    std::uint64_t calls = 0;
    engine_.faults() = {.write_error = 0.02, .no_space = 0.02, .read_error = 0.01};
    engine_.on_call([&] {
      const Crash kind = until_crash % 2 == 0 ? Crash::power : Crash::process;
      if (++calls == until_crash) engine_.crash(kind);
    });
    while (calls < until_crash) change();
    engine_.on_call(nullptr);
    engine_.faults() = {};
    close();
    engine_.restart();
    open();
  }
  void change() {
    const std::string key = "k" + std::to_string(world_.random() % 4);
    if (world_.random() % 4 == 0) {
      // From a removal that may have happened on, nothing is promised.
      acknowledged_.erase(key);
      (void)remove(key);
      return;
    }
    ++version_;
    if (put(key, body_of(version_))) acknowledged_[key] = version_;
  }
  void check() {
    std::size_t chunks = 0;
    for (int i = 0; i < 4; ++i) {
      const std::string key = "k" + std::to_string(i);
      const auto bytes = get(key);
      if (bytes) chunks += (bytes->size() + kChunk - 1) / kChunk;
      if (bytes) {
        const auto least = acknowledged_.find(key);
        EXPECT_GE(version_of(*bytes), least == acknowledged_.end() ? 0 : least->second);
      } else {
        EXPECT_EQ(bytes.error().code(), Code::not_found) << bytes.error().to_string();
        EXPECT_FALSE(acknowledged_.contains(key)) << key;
      }
    }
    EXPECT_EQ(count_after_close("d"), 0U);
    EXPECT_EQ(count_after_close("c"), chunks);
  }

  int version_ = 0;
  std::map<std::string, int> acknowledged_;
};

TEST_F(Lives, of_a_store_that_fails_and_dies_lose_nothing_that_was_acknowledged) {
  for (int life = 0; life < 300; ++life) {
    live();
    check();
    if (HasFailure()) FAIL() << "in life " << life;
  }
}

}  // namespace
}  // namespace godwit::rocks
