// What get and head promise.
#include "conformance/fixture.h"

namespace godwit::conformance {
namespace {

class Read : public Conformance {};
GODWIT_CONFORMANCE(Read);

constexpr Bytes kLarge = 9 * kMiB;

TEST_P(Read, bytes_of_every_size_come_back) {
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

TEST_P(Read, errors_name_store_operation_and_key) {
  const auto missing = get("nothing");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), Code::not_found);
  EXPECT_EQ(missing.error().where().key, "nothing");
  EXPECT_EQ(missing.error().where().operation, "get");
  EXPECT_EQ(missing.error().where().store, store().identity().url);
  EXPECT_EQ(head("nothing").error().code(), Code::not_found);
  EXPECT_EQ(head("no/such/place").error().code(), Code::not_found);
}

TEST_P(Read, ranges_yield_what_they_name) {
  ASSERT_TRUE(put("k", "0123456789"));
  EXPECT_EQ(get_range("k", 0, 1).value(), "0");
  EXPECT_EQ(get_range("k", 3, 4).value(), "3456");
  EXPECT_EQ(get_range("k", 0, 10).value(), "0123456789");
  EXPECT_EQ(get_range("k", 9, 1).value(), "9");
}

TEST_P(Read, a_range_reaches_to_the_end_at_most) {
  ASSERT_TRUE(put("k", "0123456789"));
  EXPECT_EQ(get_range("k", 0, 11).value(), "0123456789");
  EXPECT_EQ(get_range("k", 8, 100).value(), "89");
  EXPECT_EQ(get_range("k", 9, kGiB * kGiB).value(), "9");
  EXPECT_EQ(get_range("k", 8, std::numeric_limits<Bytes>::max()).value(), "89");
}

TEST_P(Read, a_range_that_begins_behind_the_end_is_refused) {
  ASSERT_TRUE(put("k", "0123456789"));
  ASSERT_TRUE(put("empty", ""));
  EXPECT_EQ(get_range("k", 10, 1).error().code(), Code::invalid_argument);
  EXPECT_EQ(get_range("k", 11, 5).error().code(), Code::invalid_argument);
  EXPECT_EQ(get_range("k", 3, 0).error().code(), Code::invalid_argument);
  EXPECT_EQ(get_range("empty", 0, 1).error().code(), Code::invalid_argument);
}

TEST_P(Read, a_range_tells_the_whole_objects_size) {
  ASSERT_TRUE(put("k", "0123456789"));
  GetOptions options;
  options.range = ByteRange{2, 3};
  const std::string key = "k";
  const GetResult got = run(store().get(context(), key, options)).value();
  EXPECT_EQ(got.info.size, 10);
  EXPECT_EQ(got.info.etag, head("k")->etag);
}

TEST_P(Read, a_get_of_another_version_is_refused) {
  const std::string etag = put("k", "one")->etag;
  GetOptions options;
  options.if_match = etag;
  EXPECT_EQ(get("k", options).value(), "one");
  ASSERT_TRUE(put("k", "three"));
  ASSERT_TRUE(can().get_if_match);
  EXPECT_EQ(get("k", options).error().code(), Code::precondition_failed);
}

Task<std::string> read_on(Body& body) { co_return co_await read_all(body, kGiB); }

Task<std::string> read_some(Body& body, std::size_t count) {
  std::string some(count, '\0');
  const MutableByteSpan space = std::as_writable_bytes(std::span(some));
  GODWIT_CO_TRY(const std::size_t got, co_await read_full(body, space));
  some.resize(got);
  co_return some;
}

TEST_P(Read, an_object_replaced_during_a_get_is_never_a_mix) {
  const std::string before = random_bytes(kLarge, 1);
  const std::string after = random_bytes(kLarge, 2);
  const std::string key = "k";
  for (const std::size_t first : {0UL, 1UL, 300'000UL, 5'000'000UL}) {
    ASSERT_TRUE(put(key, before));
    const GetResult got = run(store().get(context(), key, GetOptions())).value();
    std::string bytes = run(read_some(*got.body, first)).value();
    ASSERT_TRUE(put(key, after));
    const Result<std::string> rest = run(read_on(*got.body));
    if (rest) {
      bytes += *rest;
      EXPECT_TRUE(bytes == before) << "a mix, or the new one told as the old, from " << first;
    } else {
      EXPECT_TRUE(rest.error().code() == Code::precondition_failed ||
                  rest.error().code() == Code::corrupted)
          << rest.error().to_string();
    }
    EXPECT_TRUE(get(key).value() == after);
  }
}

TEST_P(Read, an_object_removed_during_a_get_is_whole_or_an_error) {
  const std::string bytes = random_bytes(kLarge, 1);
  const std::string key = "k";
  ASSERT_TRUE(put(key, bytes));
  GetResult got = run(store().get(context(), key, {})).value();
  const std::string first = run(read_some(*got.body, 1000)).value();
  ASSERT_TRUE(remove(key));
  const Result<std::string> rest = run(read_on(*got.body));
  if (rest) {
    EXPECT_TRUE(first + *rest == bytes);
  }
  EXPECT_EQ(get(key).error().code(), Code::not_found);
}

TEST_P(Read, a_body_that_is_left_early_harms_nothing) {
  const std::string key = "k";
  const std::string bytes = random_bytes(kLarge, 1);
  ASSERT_TRUE(put(key, bytes));
  for (const std::size_t count : {0UL, 1UL, 100'000UL}) {
    const GetResult got = run(store().get(context(), key, {})).value();
    EXPECT_EQ(run(read_some(*got.body, count)).value(), bytes.substr(0, count));
  }
  EXPECT_TRUE(get(key).value() == bytes);
}

asio::awaitable<void> read_and_compare(Context context, Store& store, const std::string& bytes,
                                       int& equal) {
  const GetOptions options;
  const Result<std::string> read = co_await read_object(context, store, "k", options);
  if (read && *read == bytes) ++equal;
}

Task<void> read_at_once(Context context, Store& store, const std::string& bytes, int& equal) {
  TaskGroup group(context.world().executor());
  for (int i = 0; i < 16; ++i) group.spawn(read_and_compare(context, store, bytes, equal));
  co_await group.join();
  co_return Result<void>();
}

TEST_P(Read, many_may_read_one_object_at_once) {
  const std::string bytes = random_bytes(kMiB, 1);
  ASSERT_TRUE(put("k", bytes));
  int equal = 0;
  ASSERT_TRUE(run(read_at_once(context(), store(), bytes, equal)));
  EXPECT_EQ(equal, 16);
}

}  // namespace
}  // namespace godwit::conformance
