// The contract of store/store.h, run against every store. What a store does not claim in its
// Capabilities is expected to be refused, never skipped.
//
// Local stores always; S3 services where GODWIT_TEST_S3_A and _B name endpoints (tests/rgw).
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "http/client.h"
#include "store/etag.h"
#include "store/file/file_store.h"
#include "store/memory/memory_store.h"
#include "store/s3/s3_client.h"
#include "store/s3/s3_store.h"
#include "world/real/real_world.h"
#include "world/signal.h"

namespace godwit {
namespace {

enum class Kind { memory, file, s3_a, s3_b, s3_signed };

std::string name_of(const testing::TestParamInfo<Kind>& info) {
  switch (info.param) {
    case Kind::memory: return "memory";
    case Kind::file: return "file";
    case Kind::s3_a: return "s3_a";
    case Kind::s3_b: return "s3_b";
    case Kind::s3_signed: return "s3_signed";
  }
  return "none";
}

template <class T>
asio::awaitable<void> keep(Task<T> task, std::optional<Result<T>>& result) {
  result = co_await std::move(task);
}

/// Makes the bucket that the tests use; S3 alone has no call for it in the store's interface.
Task<void> make_bucket(Context context, http::Transport& transport, StoreSpec spec) {
  GODWIT_CO_TRY(s3::Config config, s3::read_config(context.world(), spec));
  s3::Client client(context.world(), transport, config, spec);
  s3::Call call;
  call.operation = "make bucket";
  call.method = "PUT";
  GODWIT_CO_CHECK(co_await client.send(context, call));
  co_return Result<void>();
}

class Conformance : public testing::TestWithParam<Kind> {
 protected:
  Conformance() : client_(http::make_client(world_)) { open(); }
  ~Conformance() override {
    (void)run(close_client());
    if (!root_.empty()) std::filesystem::remove_all(root_);
  }

  Task<void> close_client() { co_return co_await client_->close(); }

  template <class T>
  Result<T> run(Task<T> task) {
    std::optional<Result<T>> result;
    world_.run(keep(std::move(task), result));
    return *std::move(result);
  }

  void open() {
    StoreSpec spec;
    if (GetParam() == Kind::memory) {
      store_ = make_memory_store(world_, "m");
    } else if (GetParam() == Kind::file) {
      root_ = testing::TempDir() + "godwit-conformance-" + std::to_string(::getpid());
      std::filesystem::create_directories(root_);
      spec = parse_store_url("file://" + root_, "/").value();
      store_ = file::file_scheme().open(world_, spec).value();
    } else {
      const char* endpoint =
          std::getenv(GetParam() == Kind::s3_b ? "GODWIT_TEST_S3_B" : "GODWIT_TEST_S3_A");
      ASSERT_NE(endpoint, nullptr) << "run this by tests/rgw/with_rgw.sh";
      // A prefix of its own for every test.
      const std::string url = "s3://conformance/" + std::to_string(world_.random()) +
                              "/?endpoint=" + std::string(endpoint) +
                              (GetParam() == Kind::s3_signed ? "&payload=signed" : "");
      spec = parse_store_url(url, "/").value();
      ASSERT_TRUE(run(make_bucket(context_, *client_, spec)));
      store_ = s3::s3_scheme(*client_).open(world_, spec).value();
    }
  }

  Result<PutResult> put(const std::string& key, std::string bytes, const PutOptions& options = {}) {
    const Bytes size = bytes.size();
    MemoryBody body(std::move(bytes));
    return run(store_->put(context_, key, {&body, size}, options));
  }
  static Task<std::string> read(Context context, Store& store, std::string key,
                                GetOptions options) {
    GODWIT_CO_TRY(GetResult got, co_await store.get(context, key, options));
    co_return co_await read_all(*got.body, kGiB);
  }
  Result<std::string> get(const std::string& key, const GetOptions& options = {}) {
    return run(read(context_, *store_, key, options));
  }
  static Task<std::vector<ListEntry>> read_list(Context context, Store& store,
                                                ListOptions options) {
    const std::unique_ptr<Listing> listing = store.list(options);
    std::vector<ListEntry> all;
    for (;;) {
      GODWIT_CO_TRY(std::vector<ListEntry> page, co_await listing->next(context));
      if (page.empty()) co_return all;
      all.insert(all.end(), page.begin(), page.end());
    }
  }
  std::vector<std::string> keys(const ListOptions& options = {}) {
    std::vector<std::string> found;
    const auto entries = run(read_list(context_, *store_, options)).value();
    for (const ListEntry& entry : entries) {
      found.push_back(entry.key);
    }
    return found;
  }
  Result<ObjectInfo> head(const std::string& key) { return run(store_->head(context_, key)); }
  [[nodiscard]] const Capabilities& can() const { return store_->capabilities(); }

  static std::string random_bytes(std::size_t size, unsigned seed) {
    std::mt19937 random(seed);
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    return bytes;
  }

  RealWorld world_;
  Context context_{world_};
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<Store> store_;
  std::string root_;
};

TEST_P(Conformance, bytes_of_every_size_come_back) {
  for (const std::size_t size :
       {0UL, 1UL, 4095UL, 4096UL, 65'535UL, 65'536UL, 65'537UL, 262'145UL, 9UL * kMiB}) {
    const std::string bytes = random_bytes(size, static_cast<unsigned>(size));
    const auto stored = put("k", bytes);
    ASSERT_TRUE(stored) << stored.error().to_string();
    EXPECT_EQ(get("k").value(), bytes) << size;
    const ObjectInfo info = head("k").value();
    EXPECT_EQ(info.size, size);
    EXPECT_EQ(info.etag, stored->etag);
    if (can().put_tells_md5) {
      EXPECT_EQ(stored->etag, to_hex(md5(as_bytes(bytes))));
    }
  }
}

TEST_P(Conformance, a_key_comes_back_as_it_is_or_is_refused) {
  const std::vector<std::string> tried = {
      "plain",
      "a b",
      "a+b",
      "a%20b",
      "100%",
      "&<>\"'",
      "gr\xc3\xbcn/\xe6\x97\xa5\xe6\x9c\xac",
      "UPPER",
      "upper",
      "a\nb",
      "x/.hidden",
      "q?r#s",
      "~tilde",
      "a/../b",
      "./c",
      "d//e",
      "f/",
      std::string(250, 'k'),
      std::string(255, 'a') + "/" + std::string(255, 'b') + "/c"};
  std::vector<std::string> stored;
  for (const std::string& key : tried) {
    const auto put_result = put(key, "of " + key);
    if (!put_result) {
      EXPECT_EQ(put_result.error().code(), Code::invalid_argument) << key;
      continue;
    }
    stored.push_back(key);
    EXPECT_EQ(get(key).value(), "of " + key) << key;
  }
  std::ranges::sort(stored);
  EXPECT_EQ(keys(), stored);
  EXPECT_GE(stored.size(), 15U);
}

TEST_P(Conformance, errors_name_store_operation_and_key) {
  const auto missing = get("nothing");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), Code::not_found);
  EXPECT_EQ(missing.error().where().key, "nothing");
  EXPECT_EQ(missing.error().where().operation, "get");
  EXPECT_EQ(missing.error().where().store, store_->identity().url);
  EXPECT_EQ(head("nothing").error().code(), Code::not_found);
}

TEST_P(Conformance, metadata_are_kept) {
  PutOptions options;
  options.metadata.content_type = "text/x-test";
  options.metadata.cache_control = "no-cache";
  options.metadata.content_disposition = "attachment";
  options.metadata.content_language = "de";
  options.metadata.user = {{"colour", "gr\xc3\xbcn"}, {"number", "5"}};
  ASSERT_TRUE(put("k", "x", options));
  const Metadata kept = head("k")->metadata;
  EXPECT_EQ(kept.content_type, "text/x-test");
  EXPECT_EQ(kept.cache_control, "no-cache");
  EXPECT_EQ(kept.content_disposition, "attachment");
  EXPECT_EQ(kept.content_language, "de");
  EXPECT_EQ(kept.user, options.metadata.user);
  ASSERT_TRUE(put("k", "y"));
  EXPECT_TRUE(head("k")->metadata.user.empty());
}

TEST_P(Conformance, ranges_yield_what_they_name) {
  ASSERT_TRUE(put("k", "0123456789"));
  const auto range = [this](Bytes offset, Bytes size) {
    GetOptions options;
    options.range = ByteRange{offset, size};
    return get("k", options);
  };
  EXPECT_EQ(range(0, 1).value(), "0");
  EXPECT_EQ(range(3, 4).value(), "3456");
  EXPECT_EQ(range(8, 100).value(), "89");
  EXPECT_EQ(range(10, 1).error().code(), Code::invalid_argument);
}

TEST_P(Conformance, a_get_of_another_version_is_refused) {
  const std::string etag = put("k", "one")->etag;
  GetOptions options;
  options.if_match = etag;
  EXPECT_EQ(get("k", options).value(), "one");
  ASSERT_TRUE(put("k", "three"));
  ASSERT_TRUE(can().get_if_match);
  EXPECT_EQ(get("k", options).error().code(), Code::precondition_failed);
}

TEST_P(Conformance, put_if_absent_has_one_winner) {
  PutOptions options;
  options.condition = Condition::absent;
  ASSERT_TRUE(can().put_if_absent);
  EXPECT_TRUE(put("k", "first", options));
  EXPECT_EQ(put("k", "second", options).error().code(), Code::precondition_failed);
  EXPECT_EQ(get("k").value(), "first");
}

asio::awaitable<void> put_absent(Context context, Store& store, std::string text, int& winners,
                                 int& losers) {
  PutOptions options;
  options.condition = Condition::absent;
  MemoryBody body(text);
  const Upload upload{&body, text.size()};
  const std::string key = "race";
  const Result<PutResult> stored = co_await store.put(context, key, upload, options);
  if (stored) ++winners;
  if (!stored && stored.error().code() == Code::precondition_failed) ++losers;
}

Task<void> race(Context context, Store& store, int& winners, int& losers) {
  TaskGroup group(context.world().executor());
  for (int i = 0; i < 8; ++i) {
    group.spawn(put_absent(context, store, "writer " + std::to_string(i), winners, losers));
  }
  co_await group.join();
  co_return Result<void>();
}

TEST_P(Conformance, of_many_writers_that_race_one_wins) {
  int winners = 0;
  int losers = 0;
  ASSERT_TRUE(run(race(context_, *store_, winners, losers)));
  EXPECT_EQ(winners, 1);
  EXPECT_EQ(losers, 7);
}

TEST_P(Conformance, put_if_match_replaces_just_that_version) {
  const std::string first = put("k", "one")->etag;
  PutOptions options;
  options.condition = Condition::matches;
  options.etag = first;
  if (!can().put_if_match) {
    EXPECT_EQ(put("k", "two", options).error().code(), Code::unsupported);
    return;
  }
  ASSERT_TRUE(put("k", "two", options));
  EXPECT_EQ(put("k", "three", options).error().code(), Code::precondition_failed);
  EXPECT_EQ(get("k").value(), "two");
}

TEST_P(Conformance, a_listing_is_in_the_order_of_key_bytes) {
  const std::vector<std::string> sorted = {"a!",    "a.txt", "a/b", "a/b.c",
                                           "a/c/d", "a0",    "b",   "\xc3\xbc"};
  for (auto key = sorted.rbegin(); key != sorted.rend(); ++key) ASSERT_TRUE(put(*key, "x"));
  for (const std::size_t page_size : {1UL, 2UL, 1000UL}) {
    ListOptions options;
    options.page_size = page_size;
    EXPECT_EQ(keys(options), sorted) << page_size;
  }
}

TEST_P(Conformance, a_listing_keeps_to_its_prefix_and_bounds) {
  for (const char* key : {"a/1", "a/2", "a/3", "ab", "b/1"}) ASSERT_TRUE(put(key, "x"));
  ListOptions options;
  options.prefix = "a/";
  EXPECT_EQ(keys(options), (std::vector<std::string>{"a/1", "a/2", "a/3"}));
  options.prefix = "a";
  options.start_after = "a/1";
  options.end_before = "ab";
  EXPECT_EQ(keys(options), (std::vector<std::string>{"a/2", "a/3"}));
  options = {};
  options.start_after = "a/2";
  EXPECT_EQ(keys(options), (std::vector<std::string>{"a/3", "ab", "b/1"}));
  options = {};
  options.depth = Depth::level;
  EXPECT_EQ(keys(options), (std::vector<std::string>{"a/", "ab", "b/"}));
  options = {};
  options.prefix = "none";
  EXPECT_TRUE(keys(options).empty());
}

TEST_P(Conformance, a_listing_tells_sizes_and_tokens) {
  const std::string etag = put("k", "12345")->etag;
  const ListEntry entry = run(read_list(context_, *store_, {})).value().at(0);
  EXPECT_EQ(entry.size, 5);
  ASSERT_TRUE(can().list_has_etag);
  EXPECT_EQ(entry.etag, etag);
  EXPECT_LT(entry.modified, world_.wall_now() + std::chrono::minutes(1));
}

TEST_P(Conformance, removing_is_done_once_and_again) {
  ASSERT_TRUE(put("a", "1"));
  ASSERT_TRUE(put("d/b<&>", "1"));
  std::vector<std::vector<std::string>> batches = {{"a"}, {"absent"}, {"d/b<&>"}};
  if (can().max_removes > 2) batches = {{"a", "absent", "d/b<&>"}};
  for (const auto& batch : batches) {
    const auto outcome = run(store_->remove(context_, batch)).value();
    ASSERT_EQ(outcome.size(), batch.size());
    for (const Result<void>& one : outcome) EXPECT_TRUE(one);
  }
  EXPECT_TRUE(keys().empty());
}

TEST_P(Conformance, a_body_of_the_wrong_length_leaves_nothing) {
  for (const Bytes announced : {Bytes{4}, Bytes{6}, 300 * kKiB}) {
    MemoryBody body("12345");
    const std::string key = "k";
    const auto stored = run(store_->put(context_, key, {&body, announced}, {}));
    ASSERT_FALSE(stored) << announced;
    EXPECT_EQ(stored.error().code(), Code::corrupted);
    EXPECT_EQ(get("k").error().code(), Code::not_found);
  }
}

TEST_P(Conformance, wrong_bytes_are_refused_where_the_store_can_tell) {
  if (!can().put_tells_md5) {
    // Such a store records the token; what is sent is checked by who sends it.
    PutOptions options;
    options.content_etag = to_hex(md5(as_bytes("x")));
    EXPECT_EQ(put("k", "x", options)->etag, options.content_etag);
    return;
  }
  PutOptions options;
  options.content_etag = to_hex(md5(as_bytes("other")));
  EXPECT_EQ(put("k", "x", options).error().code(), Code::corrupted);
  EXPECT_EQ(get("k").error().code(), Code::not_found);
}

TEST_P(Conformance, a_cancelled_call_ends) {
  CancelSource source;
  source.cancel();
  const Context cancelled = context_.with_cancel(source.token());
  const std::string key = "k";
  EXPECT_EQ(run(store_->head(cancelled, key)).error().code(), Code::cancelled);
}

TEST_P(Conformance, copies_inside_the_service_keep_or_replace_metadata) {
  PutOptions options;
  options.metadata.user["a"] = "1";
  ASSERT_TRUE(put("from", "bytes", options));
  ASSERT_TRUE(can().server_side_copy);
  CopySource source;
  source.store = store_.get();
  source.key = "from";
  const std::string kept = "kept";
  ASSERT_TRUE(run(store_->copy(context_, kept, source, {})));
  EXPECT_EQ(get("kept").value(), "bytes");
  EXPECT_EQ(head("kept")->metadata.user.at("a"), "1");
  source.metadata = MetadataFrom::options;
  PutOptions replaced;
  replaced.metadata.user["b"] = "2";
  const std::string other = "replaced";
  ASSERT_TRUE(run(store_->copy(context_, other, source, replaced)));
  EXPECT_EQ(head("replaced")->metadata.user, replaced.metadata.user);
}

class ConformanceMultipart : public Conformance {
 protected:
  Result<PartInfo> part(const UploadId& upload, std::uint32_t number, Bytes offset,
                        std::string bytes) {
    const Bytes size = bytes.size();
    MemoryBody body(std::move(bytes));
    return run(store_->multipart()->put_part(context_, upload, {number, offset}, {&body, size}));
  }
  UploadId create(const std::string& key) {
    return run(store_->multipart()->create(context_, key, {})).value();
  }
};

TEST_P(ConformanceMultipart, parts_in_any_order_and_again_become_one_object) {
  const Bytes size = std::max<Bytes>(can().min_part_size, kMiB);
  const std::string one = random_bytes(size, 1);
  const std::string two = random_bytes(77, 2);
  const UploadId upload = create("big");
  const PartInfo second = part(upload, 2, size, two).value();
  ASSERT_TRUE(part(upload, 1, 0, random_bytes(size, 3)));
  const PartInfo first = part(upload, 1, 0, one).value();
  EXPECT_EQ(get("big").error().code(), Code::not_found);
  const auto arrived = run(store_->multipart()->parts(context_, upload)).value();
  ASSERT_EQ(arrived.size(), 2);
  EXPECT_EQ(arrived[0].size, size);
  EXPECT_EQ(arrived[1].etag, second.etag);
  const std::vector<PartInfo> parts = {first, second};
  const auto stored = run(store_->multipart()->complete(context_, upload, parts, {}));
  ASSERT_TRUE(stored) << stored.error().to_string();
  EXPECT_EQ(get("big").value(), one + two);
  if (can().put_tells_md5) {
    const std::vector<std::string> md5s = {to_hex(md5(as_bytes(one))), to_hex(md5(as_bytes(two)))};
    EXPECT_EQ(stored->etag, compose_etag(md5s));
  }
  EXPECT_TRUE(run(store_->multipart()->list(context_, ""))->empty());
}

TEST_P(ConformanceMultipart, an_aborted_upload_leaves_nothing) {
  const UploadId upload = create("dir/big");
  ASSERT_TRUE(part(upload, 1, 0, "x"));
  const auto open = run(store_->multipart()->list(context_, "dir/")).value();
  ASSERT_EQ(open.size(), 1);
  EXPECT_EQ(open[0].key, "dir/big");
  EXPECT_EQ(open[0].id, upload.id);
  ASSERT_TRUE(run(store_->multipart()->abort(context_, upload)));
  EXPECT_TRUE(run(store_->multipart()->abort(context_, upload)));
  EXPECT_EQ(run(store_->multipart()->parts(context_, upload)).error().code(), Code::not_found);
  EXPECT_TRUE(run(store_->multipart()->list(context_, ""))->empty());
  EXPECT_TRUE(keys().empty());
}

TEST_P(ConformanceMultipart, parts_that_did_not_arrive_cannot_be_completed) {
  const UploadId upload = create("big");
  PartInfo there = part(upload, 1, 0, "x").value();
  std::vector<PartInfo> parts = {there, {2, 5, std::string(32, 'a')}};
  EXPECT_EQ(run(store_->multipart()->complete(context_, upload, parts, {})).error().code(),
            Code::invalid_argument);
  EXPECT_EQ(get("big").error().code(), Code::not_found);
  ASSERT_TRUE(run(store_->multipart()->abort(context_, upload)));
}

INSTANTIATE_TEST_SUITE_P(Local, Conformance, testing::Values(Kind::memory, Kind::file), name_of);
INSTANTIATE_TEST_SUITE_P(Local, ConformanceMultipart, testing::Values(Kind::memory, Kind::file),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Rgw, Conformance, testing::Values(Kind::s3_a, Kind::s3_b, Kind::s3_signed),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Rgw, ConformanceMultipart,
                         testing::Values(Kind::s3_a, Kind::s3_b, Kind::s3_signed), name_of);

}  // namespace
}  // namespace godwit
