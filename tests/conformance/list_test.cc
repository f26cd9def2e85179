// What listings promise, at full depth; list_level_test.cc has the other.
#include <random>

#include "conformance/fixture.h"

namespace godwit::conformance {
namespace {

using Keys = std::vector<std::string>;

class List : public Conformance {};
GODWIT_CONFORMANCE(List);

TEST_P(List, keys_come_in_the_order_of_their_bytes) {
  const Keys sorted = {"a!", "a.txt", "a/b", "a/b.c", "a/c/d", "a0", "b", "\xc3\xbc"};
  for (auto key = sorted.rbegin(); key != sorted.rend(); ++key) ASSERT_TRUE(put(*key, "x"));
  for (const std::size_t page_size : {1UL, 2UL, 1000UL}) {
    ListOptions options;
    options.page_size = page_size;
    EXPECT_EQ(keys(options), sorted) << page_size;
  }
}

TEST_P(List, an_empty_store_has_an_empty_listing_and_it_stays_at_its_end) {
  EXPECT_TRUE(keys().empty());
  ASSERT_TRUE(put("k", "x"));
  const std::unique_ptr<Listing> listing = store().list({});
  EXPECT_EQ(run(listing->next(context()))->size(), 1);
  for (int again = 0; again < 3; ++again) EXPECT_TRUE(run(listing->next(context()))->empty());
}

TEST_P(List, sizes_tokens_and_times_are_told) {
  const std::string etag = put("k", "12345")->etag;
  const ListEntry entry = list().at(0);
  EXPECT_EQ(entry.size, 5);
  ASSERT_TRUE(can().list_has_etag);
  EXPECT_EQ(entry.etag, etag);
  EXPECT_FALSE(entry.is_prefix);
  EXPECT_LT(entry.modified, world().wall_now() + std::chrono::minutes(1));
  EXPECT_GT(entry.modified, world().wall_now() - std::chrono::minutes(10));
}

TEST_P(List, what_was_put_is_listed_at_once) {
  ASSERT_TRUE(can().list_after_write);
  Keys expected;
  for (int i = 0; i < 20; ++i) {
    expected.push_back("k" + std::string(static_cast<std::size_t>(i), '0'));
    ASSERT_TRUE(put(expected.back(), "x"));
    ASSERT_EQ(keys(), expected);
  }
}

const Keys kTree = {"a!",    "a/",  "a/1", "a/2",   "a/2/x", "a/3",  "ab",
                    "abc/d", "b/1", "b/2", "b0/00", "c",     "d/e/f"};

class ListBounds : public List {
 protected:
  /// The keys of kTree that the store can hold.
  Keys make_tree() {
    Keys there;
    for (const std::string& key : kTree) {
      // A file system has no name that is both a file and a directory.
      const bool both = is_on_files(GetParam()) && key == "a/2";
      if (both || !refusal(key).empty()) continue;
      EXPECT_TRUE(put(key, "x")) << key;
      there.push_back(key);
    }
    return there;
  }
};
GODWIT_CONFORMANCE(ListBounds);

TEST_P(ListBounds, prefix_start_and_end_take_just_what_lies_between) {
  const Keys all = make_tree();
  const Keys bounds = {"", "!", "a", "a/", "a/1", "a/2", "a/25", "ab", "b", "b/", "b0", "d/e", "z"};
  for (const char* prefix : {"", "a", "a/", "a/2", "b", "d/e/f", "none", "d/e/f/g"}) {
    for (const std::string& after : bounds) {
      for (const std::string& before : bounds) {
        ListOptions options;
        options.prefix = prefix;
        options.start_after = after;
        options.end_before = before;
        options.page_size = 2;
        Keys expected;
        for (const std::string& key : all) {
          const bool inside = key > after && (before.empty() || key < before);
          if (inside && key.starts_with(prefix)) expected.push_back(key);
        }
        ASSERT_EQ(keys(options), expected)
            << "prefix '" << prefix << "' after '" << after << "' before '" << before << "'";
      }
    }
  }
}

asio::awaitable<void> put_every(Context context, Store& store, const Keys& all, std::size_t first,
                                std::size_t step, int& failed) {
  const PutOptions options;
  for (std::size_t i = first; i < all.size(); i += step) {
    Result<PutResult> stored = co_await put_object(context, store, all[i], "x", options);
    while (!stored && is_passing(stored.error())) {
      stored = co_await put_object(context, store, all[i], "x", options);
    }
    if (!stored) ++failed;
  }
}

constexpr std::size_t kAtOnce = 8;

Task<void> put_many(Context context, Store& store, const Keys& all) {
  TaskGroup group(context.world().executor());
  int failed = 0;
  for (std::size_t i = 0; i < kAtOnce; ++i) {
    group.spawn(put_every(context, store, all, i, kAtOnce, failed));
  }
  co_await group.join();
  if (failed > 0) co_return fail(Code::internal, std::to_string(failed) + " puts failed");
  co_return Result<void>();
}

Keys numbered(const std::string& prefix, int count) {
  Keys all;
  for (int i = 0; i < count; ++i) all.push_back(prefix + std::to_string(100'000 + i));
  return all;
}

TEST_P(List, more_than_a_page_is_listed_once_and_whole) {
  // More than S3 answers at once.
  const Keys all = numbered("k/", 1100);
  ASSERT_TRUE(run(put_many(context(), store(), all)));
  EXPECT_EQ(keys(), all);
  for (const std::size_t page_size : {7UL, 100UL, 1100UL, 5000UL}) {
    ListOptions options;
    options.page_size = page_size;
    options.start_after = "k/100099";
    EXPECT_EQ(keys(options), Keys(all.begin() + 100, all.end())) << page_size;
  }
}

/// Lets others run: calls on memory never wait by themselves.
asio::awaitable<void> give_way(Context context) {
  co_await asio::post(context.world().executor(), asio::use_awaitable);
}

/// Keys that come and go between the ones that stay.
asio::awaitable<void> disturb(Context context, Store& store, const bool& stop, unsigned seed) {
  std::mt19937 random(seed);
  const PutOptions options;
  while (!stop) {
    const std::string key =
        "k/" + std::to_string(100'000 + random() % 200) + (random() % 2 == 0 ? "!" : "x");
    (void)co_await put_object(context, store, key, "x", options);
    const std::vector<std::string> batch = {"k/" + std::to_string(100'000 + random() % 200) +
                                            (random() % 2 == 0 ? "!" : "x")};
    (void)co_await store.remove(context, batch);
    co_await give_way(context);
  }
}

Task<Keys> list_slowly(Context context, Store& store, ListOptions options) {
  const std::unique_ptr<Listing> listing = store.list(options);
  Keys found;
  for (;;) {
    GODWIT_CO_TRY(const std::vector<ListEntry> page, co_await listing->next(context));
    if (page.empty()) co_return found;
    for (const ListEntry& entry : page) found.push_back(entry.key);
    co_await give_way(context);
  }
}

Task<std::vector<Keys>> list_disturbed(Context context, Store& store, ListOptions options) {
  TaskGroup group(context.world().executor());
  bool stop = false;
  for (unsigned seed = 1; seed <= 3; ++seed) group.spawn(disturb(context, store, stop, seed));
  std::vector<Keys> listed;
  std::optional<Error> failed;
  for (int round = 0; round < 6 && !failed; ++round) {
    Result<Keys> found = co_await list_slowly(context, store, options);
    if (!found) {
      failed = std::move(found).error();
    } else {
      listed.push_back(*std::move(found));
    }
  }
  stop = true;
  co_await group.join();
  if (failed) co_return fail(std::move(*failed));
  co_return listed;
}

TEST_P(List, keys_that_nobody_touches_are_all_there_while_others_come_and_go) {
  const Keys stay = numbered("k/", 200);
  ASSERT_TRUE(run(put_many(context(), store(), stay)));
  for (const std::size_t page_size : {5UL, 1000UL}) {
    ListOptions options;
    options.page_size = page_size;
    const auto listed = run(list_disturbed(context(), store(), options));
    ASSERT_TRUE(listed) << listed.error().to_string();
    for (const Keys& found : *listed) {
      EXPECT_EQ(std::ranges::adjacent_find(found, std::ranges::greater_equal()), found.end())
          << "a key twice, or out of order";
      EXPECT_TRUE(std::ranges::includes(found, stay)) << "a key that was there all along is not";
    }
  }
}

}  // namespace
}  // namespace godwit::conformance
