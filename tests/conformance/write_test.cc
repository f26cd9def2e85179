// What put and remove promise.
#include "conformance/fixture.h"

namespace godwit::conformance {
namespace {

class Write : public Conformance {};
GODWIT_CONFORMANCE(Write);

TEST_P(Write, a_put_replaces_the_whole_object) {
  PutOptions options;
  options.metadata.user["a"] = "1";
  ASSERT_TRUE(put("k", std::string(1000, 'x'), options));
  const ObjectInfo before = head("k").value();
  ASSERT_TRUE(put("k", "y"));
  const ObjectInfo after = head("k").value();
  EXPECT_EQ(get("k").value(), "y");
  EXPECT_EQ(after.size, 1);
  EXPECT_NE(after.etag, before.etag);
  EXPECT_TRUE(after.metadata.user.empty());
  EXPECT_EQ(keys(), std::vector<std::string>{"k"});
}

TEST_P(Write, an_object_without_bytes_is_an_object) {
  ASSERT_TRUE(put("d/empty", ""));
  EXPECT_EQ(get("d/empty").value(), "");
  EXPECT_EQ(head("d/empty")->size, 0);
  const std::vector<ListEntry> entries = list();
  ASSERT_EQ(entries.size(), 1);
  EXPECT_EQ(entries[0].size, 0);
  EXPECT_FALSE(entries[0].is_prefix);
  if (!can().server_side_copy) return;
  ASSERT_TRUE(copy("d/empty", "copied"));
  EXPECT_EQ(get("copied").value(), "");
}

TEST_P(Write, a_body_of_the_wrong_length_leaves_nothing) {
  for (const Bytes announced : {Bytes{0}, Bytes{4}, Bytes{6}, 300 * kKiB}) {
    const std::string key = "k";
    const PutOptions options;
    MemoryBody body("12345");
    const auto stored = insist([&] {
      (void)body.rewind();
      return store().put(context(), key, {&body, announced}, options);
    });
    ASSERT_FALSE(stored) << announced;
    EXPECT_EQ(stored.error().code(), Code::corrupted);
    EXPECT_EQ(get("k").error().code(), Code::not_found);
    EXPECT_TRUE(keys().empty());
  }
}

/// Fails after some bytes.
class BrokenBody final : public Body {
 public:
  Task<std::size_t> read(MutableByteSpan into) override {
    if (given_ >= kMiB) co_return fail(Code::unavailable, "the source went away");
    given_ += into.size();
    std::ranges::fill(into, std::byte{'x'});
    co_return into.size();
  }

 private:
  Bytes given_ = 0;
};

TEST_P(Write, a_body_that_breaks_off_leaves_what_was_there) {
  const std::string key = "k";
  ASSERT_TRUE(put(key, "old"));
  BrokenBody body;
  const PutOptions options;
  const auto stored = run(store().put(context(), key, {&body, 9 * kMiB}, options));
  ASSERT_FALSE(stored);
  if (!has_bad_days()) {  // where chaos may have struck before
    EXPECT_EQ(stored.error().code(), Code::unavailable) << stored.error().to_string();
  }
  EXPECT_EQ(get(key).value(), "old");
  EXPECT_EQ(keys(), std::vector<std::string>{key});
}

TEST_P(Write, wrong_bytes_are_refused_where_the_store_can_tell) {
  PutOptions options;
  if (!can().put_tells_md5) {
    // Such a store records the token; what is sent is checked by who sends it.
    options.content_etag = to_hex(md5(as_bytes("x")));
    EXPECT_EQ(put("k", "x", options)->etag, options.content_etag);
    return;
  }
  ASSERT_TRUE(put("k", "old"));
  options.content_etag = to_hex(md5(as_bytes("other")));
  // The layers hold this error for one that passes, and rightly: so, not by insist.
  for (Code code = Code::unavailable; code != Code::corrupted;) {
    const auto stored = run(put_object(context(), store(), "k", "x", options));
    ASSERT_FALSE(stored);
    code = stored.error().code();
    ASSERT_TRUE(code == Code::corrupted || has_bad_days());
  }
  EXPECT_EQ(get("k").value(), "old");
}

TEST_P(Write, removing_is_done_once_and_again) {
  ASSERT_TRUE(put("a", "1"));
  ASSERT_TRUE(put("d/b<&>", "1"));
  std::vector<std::vector<std::string>> batches = {{"a"}, {"absent"}, {"d/b<&>"}};
  if (can().max_removes > 2) batches = {{"a", "absent", "d/b<&>"}};
  for (int again = 0; again < 2; ++again) {
    for (const auto& batch : batches) {
      const auto outcome = run(store().remove(context(), batch)).value();
      ASSERT_EQ(outcome.size(), batch.size());
      for (const Result<void>& one : outcome) EXPECT_TRUE(one);
    }
    EXPECT_TRUE(keys().empty());
  }
}

TEST_P(Write, what_is_absent_in_every_way_is_removed) {
  ASSERT_TRUE(put("d/x", "1"));
  for (const char* key : {"absent", "d", "d/y", "d/x/below", "no/such/place"}) {
    EXPECT_TRUE(remove(key)) << key;
  }
  EXPECT_EQ(get("d/x").value(), "1");
  EXPECT_EQ(keys(), std::vector<std::string>{"d/x"});
}

TEST_P(Write, a_removed_key_can_be_put_again) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(put("d/e/k", std::to_string(i)));
    EXPECT_EQ(get("d/e/k").value(), std::to_string(i));
    ASSERT_TRUE(remove("d/e/k"));
    EXPECT_EQ(get("d/e/k").error().code(), Code::not_found);
    EXPECT_TRUE(keys().empty());
  }
}

TEST_P(Write, the_largest_batch_is_removed_at_once) {
  const std::size_t most = std::min<std::size_t>(can().max_removes, 1000);
  std::vector<std::string> batch;
  for (std::size_t i = 0; i < most; ++i) batch.push_back("absent/" + std::to_string(i));
  batch.back() = "there";
  ASSERT_TRUE(put("there", "1"));
  ASSERT_TRUE(put("stays", "1"));
  const auto outcome = run(store().remove(context(), batch)).value();
  ASSERT_EQ(outcome.size(), most);
  for (const Result<void>& one : outcome) EXPECT_TRUE(one);
  EXPECT_EQ(keys(), std::vector<std::string>{"stays"});
}

asio::awaitable<void> put_again_and_again(Context context, Store& store, char letter, int& stored) {
  for (int i = 0; i < 10; ++i) {
    const std::string bytes(300'000, letter);
    const PutOptions options;
    const Result<PutResult> put = co_await put_object(context, store, "d/k", bytes, options);
    if (put) ++stored;
  }
}

Task<void> put_at_once(Context context, Store& store, int& stored) {
  TaskGroup group(context.world().executor());
  for (char letter = 'a'; letter < 'e'; ++letter) {
    group.spawn(put_again_and_again(context, store, letter, stored));
  }
  co_await group.join();
  co_return Result<void>();
}

TEST_P(Write, of_writers_of_one_key_the_last_one_wins_whole) {
  int stored = 0;
  ASSERT_TRUE(run(put_at_once(context(), store(), stored)));
  if (!has_bad_days()) {
    EXPECT_EQ(stored, 40);
  }
  const std::string bytes = get("d/k").value();
  EXPECT_EQ(bytes, std::string(300'000, bytes.at(0)));
  EXPECT_EQ(keys(), std::vector<std::string>{"d/k"});
}

asio::awaitable<void> put_and_remove(Context context, Store& store, std::string key,
                                     std::vector<std::string>& errors) {
  const std::vector<std::string> batch = {key};
  const PutOptions options;
  for (int i = 0; i < 30; ++i) {
    const Result<PutResult> put = co_await put_object(context, store, key, "x", options);
    if (!put && !is_passing(put.error())) errors.push_back(put.error().to_string());
    const auto removed = co_await store.remove(context, batch);
    if (!removed) errors.push_back(removed.error().to_string());
    if (removed && !removed->at(0)) errors.push_back(removed->at(0).error().to_string());
  }
}

Task<void> put_and_remove_at_once(Context context, Store& store, std::vector<std::string>& errors) {
  TaskGroup group(context.world().executor());
  for (int i = 0; i < 4; ++i) {
    group.spawn(put_and_remove(context, store, "d/e/f/" + std::to_string(i), errors));
  }
  co_await group.join();
  co_return Result<void>();
}

TEST_P(Write, neighbours_that_come_and_go_do_not_disturb_each_other) {
  std::vector<std::string> errors;
  ASSERT_TRUE(run(put_and_remove_at_once(context(), store(), errors)));
  EXPECT_EQ(errors, std::vector<std::string>());
  EXPECT_TRUE(keys().empty());
}

}  // namespace
}  // namespace godwit::conformance
