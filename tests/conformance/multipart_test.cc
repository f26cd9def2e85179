// What uploads in parts promise.
#include "conformance/fixture.h"
#include "store/etag.h"

namespace godwit::conformance {
namespace {

using Keys = std::vector<std::string>;
using PartList = std::vector<PartInfo>;

class Parts : public Conformance {
 protected:
  void SetUp() override { ASSERT_TRUE(can().multipart); }

  [[nodiscard]] Multipart& parts() { return *store().multipart(); }
  [[nodiscard]] Bytes part_size() const { return std::max<Bytes>(can().min_part_size, 1000); }

  UploadId create(const std::string& key, const PutOptions& options = {}) {
    return insist([&] { return parts().create(context(), key, options); }).value();
  }
  Result<PartInfo> part(const UploadId& upload, std::uint32_t number, Bytes offset,
                        const std::string& bytes) {
    const PartPlace place{number, offset};
    return insist([&] { return put_part_of(context(), store(), upload, place, bytes); });
  }
  Result<PartInfo> copy_part(const UploadId& upload, PartPlace place, const CopySource& from) {
    return insist([&] { return parts().copy_part(context(), upload, place, from); });
  }
  Result<PutResult> complete(const UploadId& upload, const PartList& wanted,
                             const PutOptions& options = {}) {
    return insist([&] { return parts().complete(context(), upload, wanted, options); });
  }
  Result<PartList> arrived(const UploadId& upload) {
    return insist([&] { return parts().parts(context(), upload); });
  }
  Result<void> abort(const UploadId& upload) {
    return insist([&] { return parts().abort(context(), upload); });
  }
  std::vector<UploadId> uploads(const std::string& prefix) {
    return insist([&] { return parts().list(context(), prefix); }).value();
  }
  std::size_t open_uploads(const std::string& prefix = "") { return uploads(prefix).size(); }
  /// Two parts of an upload to `key`, and what they will be.
  PartList two_parts(const UploadId& upload, unsigned seed, std::string& bytes) {
    const std::string one = random_bytes(part_size(), seed);
    const std::string two = random_bytes(77, seed + 1);
    bytes = one + two;
    return {part(upload, 1, 0, one).value(), part(upload, 2, one.size(), two).value()};
  }
  void expect_refused(const Result<PutResult>& completed, Code code) {
    ASSERT_FALSE(completed);
    EXPECT_EQ(completed.error().code(), code) << completed.error().to_string();
  }
  /// Whatever a store says of an upload that it does not know, it makes nothing.
  void expect_not_there(const Result<PutResult>& completed) {
    ASSERT_FALSE(completed);
    EXPECT_TRUE(keeps(Law::complete_knows_its_uploads, completed.error().code() == Code::not_found))
        << completed.error().to_string();
  }
};
GODWIT_CONFORMANCE(Parts);

TEST_P(Parts, that_come_in_any_order_and_again_become_one_object) {
  const Bytes size = part_size();
  const std::string one = random_bytes(size, 1);
  const std::string two = random_bytes(77, 2);
  const UploadId upload = create("big");
  const PartInfo second = part(upload, 2, size, two).value();
  ASSERT_TRUE(part(upload, 1, 0, random_bytes(size, 3)));
  const PartInfo first = part(upload, 1, 0, one).value();
  EXPECT_EQ(get("big").error().code(), Code::not_found);
  const PartList there = arrived(upload).value();
  ASSERT_EQ(there.size(), 2);
  EXPECT_EQ(there[0].number, 1);
  EXPECT_EQ(there[0].size, size);
  EXPECT_EQ(there[0].etag, first.etag);
  EXPECT_EQ(there[1].etag, second.etag);
  const auto stored = complete(upload, {first, second});
  ASSERT_TRUE(stored) << stored.error().to_string();
  EXPECT_TRUE(get("big").value() == one + two);
  EXPECT_EQ(head("big")->etag, stored->etag);
  if (can().put_tells_md5) {
    const std::vector<std::string> md5s = {to_hex(md5(as_bytes(one))), to_hex(md5(as_bytes(two)))};
    EXPECT_EQ(stored->etag, compose_etag(md5s));
  }
  EXPECT_EQ(open_uploads(), 0);
}

TEST_P(Parts, are_invisible_and_leave_what_was_there_until_they_are_complete) {
  ASSERT_TRUE(put("d/k", "old"));
  const UploadId upload = create("d/k");
  std::string bytes;
  const PartList there = two_parts(upload, 1, bytes);
  EXPECT_EQ(get("d/k").value(), "old");
  EXPECT_EQ(keys(), Keys{"d/k"});
  ASSERT_TRUE(complete(upload, there));
  EXPECT_TRUE(get("d/k").value() == bytes);
  EXPECT_EQ(keys(), Keys{"d/k"});
}

TEST_P(Parts, metadata_are_those_of_the_upload) {
  PutOptions options;
  options.metadata.content_type = "text/plain";
  options.metadata.user["a"] = "1";
  const UploadId upload = create("k", options);
  const PartList there = {part(upload, 1, 0, "small").value()};
  ASSERT_TRUE(complete(upload, there, options));
  EXPECT_EQ(head("k")->metadata.user, options.metadata.user);
  EXPECT_EQ(head("k")->metadata.content_type, "text/plain");
}

TEST_P(Parts, one_small_part_is_enough) {
  const UploadId upload = create("k");
  const PartList there = {part(upload, 1, 0, "small").value()};
  ASSERT_TRUE(complete(upload, there));
  EXPECT_EQ(get("k").value(), "small");
}

TEST_P(Parts, an_aborted_upload_leaves_nothing) {
  const UploadId upload = create("dir/big");
  ASSERT_TRUE(part(upload, 1, 0, "x"));
  const auto open = uploads("dir/");
  ASSERT_EQ(open.size(), 1);
  EXPECT_EQ(open[0].key, "dir/big");
  EXPECT_EQ(open[0].id, upload.id);
  EXPECT_EQ(open_uploads("other/"), 0);
  ASSERT_TRUE(abort(upload));
  EXPECT_TRUE(abort(upload));
  EXPECT_EQ(arrived(upload).error().code(), Code::not_found);
  EXPECT_EQ(open_uploads(), 0);
  EXPECT_TRUE(keys().empty());
}

TEST_P(Parts, an_aborted_upload_cannot_be_completed_nor_gone_on_with) {
  const UploadId upload = create("k");
  const PartList there = {part(upload, 1, 0, "x").value()};
  ASSERT_TRUE(abort(upload));
  expect_not_there(complete(upload, there));
  EXPECT_EQ(part(upload, 2, 1, "y").error().code(), Code::not_found);
  EXPECT_TRUE(keys().empty());
}

TEST_P(Parts, an_unknown_upload_is_not_found_and_aborting_it_is_fine) {
  UploadId unknown = create("k");
  ASSERT_TRUE(abort(unknown));
  for (const char* id : {"", "x", "../../etc", "0123456789abcdef"}) {
    if (*id != '\0') unknown.id = id;
    EXPECT_TRUE(abort(unknown)) << unknown.id;
    EXPECT_EQ(arrived(unknown).error().code(), Code::not_found) << unknown.id;
    EXPECT_EQ(part(unknown, 1, 0, "x").error().code(), Code::not_found) << unknown.id;
    expect_not_there(complete(unknown, {{1, 1, std::string(32, 'a')}}));
  }
  EXPECT_TRUE(keys().empty());
}

TEST_P(Parts, that_did_not_arrive_cannot_be_completed) {
  const UploadId upload = create("big");
  const PartInfo there = part(upload, 1, 0, "x").value();
  expect_refused(complete(upload, {there, {2, 5, std::string(32, 'a')}}), Code::invalid_argument);
  expect_refused(complete(upload, {{1, 1, std::string(32, 'a')}}), Code::invalid_argument);
  EXPECT_EQ(get("big").error().code(), Code::not_found);
  ASSERT_TRUE(complete(upload, {there})) << "a refusal leaves the upload as it was";
  EXPECT_EQ(get("big").value(), "x");
}

TEST_P(Parts, in_the_wrong_order_are_refused) {
  const UploadId upload = create("k");
  std::string bytes;
  const PartList there = two_parts(upload, 1, bytes);
  expect_refused(complete(upload, {there[1], there[0]}), Code::invalid_argument);
  expect_refused(complete(upload, {there[0], there[0]}), Code::invalid_argument);
  EXPECT_TRUE(keys().empty());
  ASSERT_TRUE(complete(upload, there)) << "a refusal leaves the upload as it was";
  EXPECT_TRUE(get("k").value() == bytes);
}

TEST_P(Parts, none_at_all_are_refused) {
  const UploadId upload = create("k");
  ASSERT_TRUE(part(upload, 1, 0, "x"));
  expect_refused(complete(upload, {}), Code::invalid_argument);
  EXPECT_TRUE(keys().empty());
}

TEST_P(Parts, a_part_that_was_replaced_does_not_count) {
  const UploadId upload = create("k");
  const PartInfo first = part(upload, 1, 0, "first").value();
  const PartInfo again = part(upload, 1, 0, "again").value();
  expect_refused(complete(upload, {first}), Code::invalid_argument);
  ASSERT_TRUE(complete(upload, {again}));
  EXPECT_EQ(get("k").value(), "again");
}

TEST_P(Parts, too_small_ones_in_the_middle_are_refused_where_there_is_a_least_size) {
  if (can().min_part_size == 1) {
    const UploadId upload = create("k");
    ASSERT_TRUE(
        complete(upload, {part(upload, 1, 0, "a").value(), part(upload, 2, 1, "b").value()}));
    EXPECT_EQ(get("k").value(), "ab");
    return;
  }
  const UploadId upload = create("k");
  const PartList there = {part(upload, 1, 0, "a").value(), part(upload, 2, 1, "b").value()};
  expect_refused(complete(upload, there), Code::invalid_argument);
  EXPECT_TRUE(keys().empty());
}

TEST_P(Parts, of_the_wrong_length_do_not_arrive) {
  const UploadId upload = create("k");
  for (const Bytes announced : {Bytes{4}, Bytes{6}, 300 * kKiB}) {
    MemoryBody body("12345");
    const auto refused = insist([&] {
      (void)body.rewind();
      return parts().put_part(context(), upload, {1, 0}, {&body, announced});
    });
    ASSERT_FALSE(refused) << announced;
    EXPECT_EQ(refused.error().code(), Code::corrupted) << refused.error().to_string();
    EXPECT_TRUE(arrived(upload)->empty());
  }
}

TEST_P(Parts, two_uploads_of_one_key_do_not_mix) {
  const UploadId one = create("k");
  const UploadId two = create("k");
  EXPECT_NE(one.id, two.id);
  EXPECT_EQ(open_uploads("k"), 2);
  std::string bytes_of_one;
  std::string bytes_of_two;
  const PartList parts_of_one = two_parts(one, 1, bytes_of_one);
  const PartList parts_of_two = two_parts(two, 5, bytes_of_two);
  ASSERT_TRUE(complete(two, parts_of_two));
  EXPECT_TRUE(get("k").value() == bytes_of_two);
  ASSERT_TRUE(complete(one, parts_of_one));
  EXPECT_TRUE(get("k").value() == bytes_of_one);
  EXPECT_EQ(open_uploads(), 0);
}

asio::awaitable<void> upload_part(Context context, Store& store, UploadId upload, PartPlace place,
                                  const std::string& bytes, PartList& there) {
  Result<PartInfo> info = co_await put_part_of(context, store, upload, place, bytes);
  while (!info && is_passing(info.error())) {
    info = co_await put_part_of(context, store, upload, place, bytes);
  }
  if (info) there[place.number - 1] = *info;
}

Task<PartList> upload_at_once(Context context, Store& store, UploadId upload, const Keys& pieces) {
  TaskGroup group(context.world().executor());
  PartList there(pieces.size());
  PartPlace place;
  for (const std::string& piece : pieces) {
    ++place.number;
    group.spawn(upload_part(context, store, upload, place, piece, there));
    place.offset += piece.size();
  }
  co_await group.join();
  co_return there;
}

TEST_P(Parts, may_come_at_once) {
  Keys pieces;
  std::string whole;
  for (unsigned i = 0; i < 5; ++i) {
    pieces.push_back(random_bytes(i == 4 ? 100 : part_size(), i));
    whole += pieces.back();
  }
  const UploadId upload = create("k");
  const PartList there = run(upload_at_once(context(), store(), upload, pieces)).value();
  EXPECT_EQ(arrived(upload)->size(), pieces.size());
  ASSERT_TRUE(complete(upload, there));
  EXPECT_TRUE(get("k").value() == whole);
}

TEST_P(Parts, completing_keeps_conditions_or_is_refused) {
  ASSERT_TRUE(put("k", "old"));
  PutOptions absent;
  absent.condition = Condition::absent;
  const UploadId upload = create("k", absent);
  const PartList there = {part(upload, 1, 0, "new").value()};
  const auto completed = complete(upload, there, absent);
  const bool refused = !completed && (completed.error().code() == Code::precondition_failed ||
                                      completed.error().code() == Code::unsupported);
  EXPECT_TRUE(keeps(Law::complete_keeps_conditions, refused && get("k").value() == "old"));
}

TEST_P(Parts, are_copied_from_ranges_of_objects) {
  const Bytes size = part_size();
  const std::string from = random_bytes(size + 1000, 1);
  const std::string etag = put("from", from)->etag;
  const UploadId upload = create("to");
  CopySource source = this->source("from");
  source.if_match = etag;
  source.range = ByteRange{500, size};
  const auto first = copy_part(upload, {1, 0}, source);
  ASSERT_TRUE(first) << first.error().to_string();
  EXPECT_EQ(first->size, size);
  source.range = ByteRange{0, 10};
  const auto second = copy_part(upload, {2, size}, source);
  ASSERT_TRUE(second) << second.error().to_string();
  ASSERT_TRUE(complete(upload, {*first, *second}));
  EXPECT_TRUE(get("to").value() == from.substr(500, size) + from.substr(0, 10));
}

TEST_P(Parts, are_not_copied_from_another_version_or_from_nothing) {
  ASSERT_TRUE(put("from", std::string(1000, 'x')));
  const UploadId upload = create("to");
  CopySource source = this->source("from");
  source.range = ByteRange{0, 10};
  source.if_match = std::string(32, 'a');
  const auto other = copy_part(upload, {1, 0}, source);
  const bool refused = !other && other.error().code() == Code::precondition_failed;
  EXPECT_TRUE(keeps(Law::copy_knows_the_version, refused && arrived(upload)->empty()));
  source.if_match.clear();
  source.key = "nothing";
  EXPECT_EQ(copy_part(upload, {2, 10}, source).error().code(), Code::not_found);
  EXPECT_EQ(arrived(upload)->size(), refused ? 0 : 1);
}

TEST_P(Parts, completing_twice_harms_nothing) {
  const UploadId upload = create("k");
  const PartList there = {part(upload, 1, 0, "x").value()};
  const std::string etag = complete(upload, there)->etag;
  const auto again = complete(upload, there);
  if (!again) expect_not_there(again);
  EXPECT_EQ(head("k")->etag, etag);
  EXPECT_EQ(get("k").value(), "x");
}

}  // namespace
}  // namespace godwit::conformance
