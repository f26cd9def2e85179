// A call that is cancelled, or out of time, ends soon and leaves nothing half done.
#include "conformance/fixture.h"

namespace godwit::conformance {
namespace {

constexpr Bytes kLarge = 9 * kMiB;

class Cancel : public Conformance {};
GODWIT_CONFORMANCE(Cancel);

Task<std::vector<ListEntry>> first_page(Context context, Store& store) {
  const ListOptions options;
  const std::unique_ptr<Listing> listing = store.list(options);
  co_return co_await listing->next(context);
}

TEST_P(Cancel, calls_that_were_cancelled_before_do_nothing) {
  ASSERT_TRUE(put("k", "old"));
  CancelSource stop;
  stop.cancel();
  const Context cancelled = context().with_cancel(stop.token());
  const std::string key = "k";
  const std::vector<std::string> batch = {key};
  const PutOptions options;
  const auto is_cancelled = [](const auto& result) {
    return !result && result.error().code() == Code::cancelled;
  };
  EXPECT_TRUE(is_cancelled(run(store().head(cancelled, key))));
  EXPECT_TRUE(is_cancelled(run(read_object(cancelled, store(), key, GetOptions()))));
  EXPECT_TRUE(is_cancelled(run(put_object(cancelled, store(), key, "new", options))));
  EXPECT_TRUE(is_cancelled(run(store().copy(cancelled, key, source(key), options))));
  EXPECT_TRUE(is_cancelled(run(first_page(cancelled, store()))));
  EXPECT_TRUE(is_cancelled(run(store().multipart()->create(cancelled, key, options))));
  const auto removed = run(store().remove(cancelled, batch));
  EXPECT_TRUE(is_cancelled(removed) || (removed && is_cancelled(removed->at(0))));
  EXPECT_EQ(get(key).value(), "old");
}

TEST_P(Cancel, calls_that_are_out_of_time_do_nothing) {
  ASSERT_TRUE(put("k", "old"));
  const Context late = context().with_deadline(world().mono_now() - std::chrono::seconds(1));
  const std::string key = "k";
  EXPECT_EQ(run(store().head(late, key)).error().code(), Code::timed_out);
  EXPECT_EQ(run(put_object(late, store(), key, "new", PutOptions())).error().code(),
            Code::timed_out);
  EXPECT_EQ(get(key).value(), "old");
}

/// Cancels the call that reads it, after some bytes, and goes on giving.
class CancellingBody final : public Body {
 public:
  CancellingBody(CancelSource& stop, Bytes after) : stop_(stop), after_(after) {}
  Task<std::size_t> read(MutableByteSpan into) override {
    const auto count = static_cast<std::size_t>(std::min<Bytes>(into.size(), kLarge - given_));
    given_ += count;
    std::ranges::fill(into.first(count), std::byte{'x'});
    if (given_ > after_) stop_.cancel();
    co_return count;
  }

 private:
  CancelSource& stop_;
  Bytes after_;
  Bytes given_ = 0;
};

Task<PutResult> put_and_cancel(Context context, Store& store, std::string key, Bytes after) {
  CancelSource stop;
  const Context cancelled = context.with_cancel(stop.token());
  CancellingBody body(stop, after);
  const Upload upload{&body, kLarge};
  const PutOptions options;
  co_return co_await store.put(cancelled, key, upload, options);
}

TEST_P(Cancel, a_put_that_is_cancelled_on_its_way_leaves_what_was_there) {
  const std::string key = "d/k";
  for (const bool old : {false, true}) {
    if (old) {
      ASSERT_TRUE(put(key, "old"));
    }
    for (const Bytes after : {Bytes{0}, Bytes{1'000'000}, Bytes{5'000'000}}) {
      const auto stored = insist([&] { return put_and_cancel(context(), store(), key, after); });
      ASSERT_FALSE(stored) << after;
      EXPECT_EQ(stored.error().code(), Code::cancelled) << stored.error().to_string();
      EXPECT_EQ(get(key).value_or("nothing"), old ? "old" : "nothing");
      EXPECT_EQ(keys().size(), old ? 1 : 0);
    }
  }
}

Task<std::string> read_and_cancel(Context context, Store& store, std::string key, Bytes after) {
  CancelSource stop;
  const Context cancelled = context.with_cancel(stop.token());
  const GetOptions options;
  GODWIT_CO_TRY(const GetResult got, co_await store.get(cancelled, key, options));
  std::string first(after, '\0');
  const MutableByteSpan space = std::as_writable_bytes(std::span(first));
  GODWIT_CO_CHECK(co_await read_full(*got.body, space));
  stop.cancel();
  GODWIT_CO_TRY(const std::string rest, co_await read_all(*got.body, kGiB));
  co_return first + rest;
}

TEST_P(Cancel, a_get_that_is_cancelled_on_its_way_is_whole_or_says_so) {
  const std::string bytes = random_bytes(kLarge, 1);
  ASSERT_TRUE(put("k", bytes));
  for (const Bytes after : {Bytes{1}, Bytes{1'000'000}}) {
    const auto read = run(read_and_cancel(context(), store(), "k", after));
    if (read) {
      EXPECT_TRUE(*read == bytes);
    } else {
      EXPECT_EQ(read.error().code(), Code::cancelled) << read.error().to_string();
    }
  }
  EXPECT_TRUE(get("k").value() == bytes);
}

}  // namespace
}  // namespace godwit::conformance
