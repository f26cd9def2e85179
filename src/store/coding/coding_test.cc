// What a coded store promises beyond the contract of all stores (tests/conformance).
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "store/coding/coded_multipart.h"
#include "store/coding/coded_store.h"
#include "store/layers/forwarding.h"
#include "store/memory/memory_store.h"
#include "support/fake_world.h"
#include "support/run_task.h"

namespace godwit::coding {
namespace {

using namespace std::chrono_literals;

/// What the coded store asks of the store below, and how that fails.
struct Below {
  std::size_t heads = 0;
  std::size_t gets = 0;
  std::vector<std::string> parts;  ///< the bytes of each try
  std::size_t failing_parts = 0;   ///< so many tries fail before they do anything
  std::optional<Bytes> cut_at;     ///< bodies break off here, each once
  std::string gone;                ///< a key that is removed after it was listed
};

/// Gives some bytes of a body, then fails.
class CutBody final : public Body {
 public:
  CutBody(Body& inner, Bytes left) : inner_(inner), left_(left) {}
  Task<std::size_t> read(MutableByteSpan into) override {
    if (left_ == 0) co_return fail(Error(Code::unavailable, "the link was cut").with(Retry::later));
    const auto size = static_cast<std::size_t>(std::min<Bytes>(left_, into.size()));
    left_ -= size;
    co_return co_await inner_.read(into.first(size));
  }

 private:
  Body& inner_;
  Bytes left_;
};

class Watched final : public ForwardingStore {
 public:
  Watched(std::unique_ptr<Store> inner, Below& below)
      : ForwardingStore(std::move(inner)), below_(below) {}

  Store& driver() override { return *this; }
  Task<ObjectInfo> head(const Context& context, const std::string& key) override {
    ++below_.heads;
    if (key == below_.gone) co_return no_such_object();
    co_return co_await inner().head(context, key);
  }
  Task<GetResult> get(const Context& context, const std::string& key,
                      const GetOptions& options) override {
    ++below_.gets;
    return inner().get(context, key, options);
  }
  Task<PutResult> put(const Context& context, const std::string& key, Upload upload,
                      const PutOptions& options) override {
    if (!below_.cut_at) co_return co_await inner().put(context, key, upload, options);
    CutBody body(*upload.body, *std::exchange(below_.cut_at, std::nullopt));
    const Upload cut{&body, upload.size};
    co_return co_await inner().put(context, key, cut, options);
  }
  Task<PartInfo> put_part(const Context& context, const UploadId& upload, PartPlace place,
                          Upload part) override {
    GODWIT_CO_TRY(std::string bytes, co_await read_all(*part.body, part.size));
    below_.parts.push_back(bytes);
    if (below_.failing_parts > 0) {
      --below_.failing_parts;
      co_return fail(Error(Code::unavailable, "the link was cut").with(Retry::later));
    }
    MemoryBody body(std::move(bytes));
    const Upload again{&body, part.size};
    co_return co_await inner().multipart()->put_part(context, upload, place, again);
  }

 private:
  Below& below_;
};

std::string text_of(std::size_t size) {
  std::mt19937 random(static_cast<unsigned>(size));
  std::string text;
  while (text.size() < size) text += "line " + std::to_string(random() % 100'000) + " of a log\n";
  text.resize(size);
  return text;
}

std::string noise_of(std::size_t size) {
  std::mt19937_64 random(size);
  std::string bytes;
  while (bytes.size() < size) {
    const std::uint64_t word = random();
    bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  bytes.resize(size);
  return bytes;
}

Task<std::string> read_object(Context context, Store& store, std::string key, GetOptions options) {
  GODWIT_CO_TRY(GetResult got, co_await store.get(context, key, options));
  co_return co_await read_all(*got.body, kGiB);
}

Task<PutResult> put_object(Context context, Store& store, std::string key, std::string bytes,
                           PutOptions options) {
  const Bytes size = bytes.size();
  MemoryBody body(std::move(bytes));
  const Upload upload{&body, size};
  co_return co_await store.put(context, key, upload, options);
}

Task<PartInfo> put_part_of(Context context, Store& store, UploadId upload, std::uint32_t number,
                           std::string bytes) {
  const Bytes size = bytes.size();
  MemoryBody body(std::move(bytes));
  const Upload part{&body, size};
  const PartPlace place{.number = number, .offset = 0};
  co_return co_await store.multipart()->put_part(context, upload, place, part);
}

Task<std::vector<ListEntry>> first_page(Context context, Store& store) {
  const ListOptions options;
  const std::unique_ptr<Listing> listing = store.list(options);
  co_return co_await listing->next(context);
}

/// A memory store, and coded stores over it, opened in turn.
class CodedTest : public testing::Test {
 protected:
  CodedTest() : scheme_(memory_scheme()) {
    zstd_.compression = Compression::zstd;
    gzip_.compression = Compression::gzip;
    keys("k1", "keys");
    sealed_.key_file = both_.key_file = world_.path("keys");
    both_.compression = Compression::zstd;
  }

  void keys(const std::string& id, const std::string& file) {
    write_keys(file, new_key_line(world_, id) + "\n");
  }
  void write_keys(const std::string& file, const std::string& text) {
    world_.write(file, text);
    std::filesystem::permissions(world_.path(file), std::filesystem::perms(0600));
  }
  std::unique_ptr<Store> raw() {
    return scheme_.open(world_, StoreSpec{.scheme = "memory", .name = "m"}).value();
  }
  Store& open(const CodingSpec& spec) {
    auto watched = std::make_unique<Watched>(raw(), below_);
    store_ = with_coding(world_, std::move(watched), spec).value();
    return *store_;
  }
  template <class T>
  Result<T> run(Task<T> task) {
    return test::run_task(world_, std::move(task));
  }
  Result<PutResult> put(Store& store, const std::string& bytes, const PutOptions& options = {}) {
    return run(put_object(context_, store, key_, bytes, options));
  }
  Result<std::string> get(Store& store, const GetOptions& options = {}) {
    return run(read_object(context_, store, key_, options));
  }
  Result<std::string> get_range(Store& store, Bytes offset, Bytes size) {
    GetOptions options;
    options.range = ByteRange{offset, size};
    return get(store, options);
  }
  Result<ObjectInfo> head(Store& store) { return run(store.head(context_, key_)); }
  std::string coding_of_stored() {
    const auto user = head(*raw())->metadata.user;
    const auto found = user.find("godwit-coding");
    return found == user.end() ? "" : found->second;
  }

  test::FakeWorld world_;
  Context context_{world_};
  SchemeInfo scheme_;
  Below below_;
  std::unique_ptr<Store> store_;
  CodingSpec zstd_;
  CodingSpec gzip_;
  CodingSpec sealed_;
  CodingSpec both_;
  const std::string key_ = "k";
};

TEST_F(CodedTest, what_is_stored_is_smaller_sealed_or_both_and_reads_as_it_was) {
  const std::string plain = text_of(300'000);
  ASSERT_TRUE(put(open(zstd_), plain));
  EXPECT_LT(head(*raw())->size, plain.size() / 3);
  EXPECT_EQ(coding_of_stored(), "zstd");
  EXPECT_EQ(get(*store_).value(), plain);
  ASSERT_TRUE(put(open(sealed_), plain));
  EXPECT_EQ(head(*raw())->size, sealed_size(plain.size()));
  EXPECT_EQ(coding_of_stored(), "aes-256-gcm");
  EXPECT_EQ(get(*raw())->find("line"), std::string::npos);
  ASSERT_TRUE(put(open(both_), plain));
  EXPECT_LT(head(*raw())->size, plain.size() / 3);
  EXPECT_EQ(coding_of_stored(), "zstd+aes-256-gcm");
  const ObjectInfo info = head(*store_).value();
  EXPECT_EQ(info.size, plain.size());
  EXPECT_EQ(info.etag, to_hex(md5(as_bytes(plain))));
  EXPECT_TRUE(info.metadata.user.empty());
  EXPECT_EQ(get(*store_).value(), plain);
}

TEST_F(CodedTest, nobody_without_the_key_sees_the_md5_of_a_sealed_body) {
  const std::string plain = text_of(100);
  ASSERT_TRUE(put(open(sealed_), plain));
  const ObjectInfo stored = head(*raw()).value();
  for (const auto& [name, value] : stored.metadata.user) {
    EXPECT_EQ(value.find(to_hex(md5(as_bytes(plain)))), std::string::npos) << name;
  }
}

TEST_F(CodedTest, what_does_not_shrink_and_what_is_small_is_stored_as_it_is) {
  for (const std::string& plain : {noise_of(100'000), text_of(1000), noise_of(9 * kMiB)}) {
    ASSERT_TRUE(put(open(zstd_), plain));
    EXPECT_EQ(coding_of_stored(), "");
    EXPECT_TRUE(get(*raw()).value() == plain);
    EXPECT_TRUE(get(*store_).value() == plain);
  }
}

TEST_F(CodedTest, bodies_of_all_sizes_and_their_ranges_read_as_they_were) {
  std::mt19937 random(1);
  for (const CodingSpec& spec : {zstd_, gzip_, sealed_, both_}) {
    Store& store = open(spec);
    for (const Bytes size :
         {Bytes{0}, Bytes{1}, kChunkSize - 1, kChunkSize, kChunkSize + 1, kFrameSize - 1,
          kFrameSize, kFrameSize + 1, kInHand - 1, kInHand, kInHand + 1, 2 * kInHand + 777}) {
      const std::string plain = text_of(size);
      ASSERT_TRUE(put(store, plain));
      const Result<std::string> whole = get(store);
      ASSERT_TRUE(whole) << size << whole.error().to_string();
      EXPECT_TRUE(*whole == plain) << size;
      for (int i = 0; size > 0 && i < 20; ++i) {
        // Near the borders of frames and chunks, too.
        const Bytes near = random() % 3 == 0 ? random() % (size / kChunkSize + 1) * kChunkSize : 0;
        const Bytes offset =
            std::min<Bytes>(size - 1, near > 0 ? near - random() % 2 : random() % size);
        const Bytes count = 1 + random() % (i % 2 == 0 ? 100 : size);
        const Result<std::string> some = get_range(store, offset, count);
        ASSERT_TRUE(some) << offset << "+" << count << some.error().to_string();
        EXPECT_TRUE(*some == plain.substr(offset, count)) << offset << "+" << count;
      }
    }
  }
}

TEST_F(CodedTest, no_flipped_bit_and_no_cut_of_a_sealed_body_reads) {
  Store& store = open(sealed_);
  ASSERT_TRUE(put(store, "attack at dawn"));
  const std::unique_ptr<Store> stored = raw();
  const std::string sealed = get(*stored).value();
  PutOptions options;
  options.metadata = head(*stored)->metadata;
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    std::string flipped = sealed;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_TRUE(put(*stored, flipped, options));
    const auto read = get(store);
    ASSERT_FALSE(read) << bit;
    EXPECT_EQ(read.error().code(), Code::corrupted) << bit;
  }
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    ASSERT_TRUE(put(*stored, sealed.substr(0, size), options));
    const auto read = get(store);
    ASSERT_FALSE(read) << size;
    EXPECT_EQ(read.error().code(), Code::corrupted) << size;
  }
}

TEST_F(CodedTest, keys_rotate_and_a_missing_one_is_named) {
  ASSERT_TRUE(put(open(sealed_), "old"));
  const std::string old_line = new_key_line(world_, "x");  // not that of k1
  std::ifstream file(world_.path("keys"));
  const std::string k1((std::istreambuf_iterator<char>(file)), {});
  write_keys("keys", new_key_line(world_, "k2") + "\n" + k1);
  EXPECT_EQ(get(open(sealed_)).value(), "old");
  ASSERT_TRUE(put(*store_, "new"));
  EXPECT_EQ(head(*raw())->metadata.user.at("godwit-sealed").substr(0, 3), "k2:");
  write_keys("keys", k1);
  const auto without = get(open(sealed_));
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().code(), Code::permission_denied);
  EXPECT_EQ(without.error().message(),
            "it is sealed with key 'k2', which is not in " + world_.path("keys"));
  const auto keyless = get(open(zstd_));
  EXPECT_EQ(keyless.error().message(),
            "it is sealed with key 'k2', and the store was opened without a key file");
  write_keys("keys", "k2 " + old_line.substr(2) + "\n");
  const auto wrong = get(open(sealed_));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code(), Code::corrupted);
}

TEST_F(CodedTest, what_was_put_with_other_settings_is_read) {
  const std::string plain = text_of(100'000);
  CodingSpec off;
  for (const CodingSpec& writer : {off, zstd_, gzip_}) {
    ASSERT_TRUE(put(open(writer), plain));
    for (const CodingSpec& reader : {off, zstd_, gzip_, both_}) {
      EXPECT_EQ(get(open(reader)).value(), plain);
      EXPECT_EQ(get_range(*store_, 50'000, 10).value(), plain.substr(50'000, 10));
    }
  }
}

TEST_F(CodedTest, a_body_that_was_coded_elsewhere_is_refused) {
  ASSERT_TRUE(put(open(zstd_), text_of(10'000)));
  PutOptions options;
  options.metadata = head(*raw())->metadata;
  EXPECT_EQ(put(*store_, get(*raw()).value(), options).error().code(), Code::invalid_argument);
}

TEST_F(CodedTest, a_listing_tells_plain_sizes_and_leaves_out_what_is_removed_meanwhile) {
  Store& store = open(both_);
  ASSERT_TRUE(run(put_object(context_, store, "a", text_of(10'000), {})));
  ASSERT_TRUE(run(put_object(context_, store, "b", "x", {})));
  ASSERT_TRUE(run(put_object(context_, *raw(), "c", "as it is", {})));
  const auto page = run(first_page(context_, store)).value();
  ASSERT_EQ(page.size(), 3);
  EXPECT_EQ(page[0].size, 10'000);
  EXPECT_EQ(page[0].etag, to_hex(md5(as_bytes(text_of(10'000)))));
  EXPECT_EQ(page[1].size, 1);
  EXPECT_EQ(page[2].size, 8);
  below_.gone = "b";
  const auto later = run(first_page(context_, store)).value();
  ASSERT_EQ(later.size(), 2);
  EXPECT_EQ(later[1].key, "c");
}

TEST_F(CodedTest, the_cost_of_calls_is_what_the_readme_says) {
  Store& store = open(both_);
  ASSERT_TRUE(put(store, text_of(3 * kMiB)));
  const auto cost = [this](auto call) {
    below_.heads = below_.gets = 0;
    EXPECT_TRUE(call());
    return std::pair(below_.heads, below_.gets);
  };
  using Cost = std::pair<std::size_t, std::size_t>;
  EXPECT_EQ(cost([&] { return head(store); }), (Cost{1, 0}));
  EXPECT_EQ(cost([&] { return get(store); }), (Cost{0, 1}));
  EXPECT_EQ(cost([&] { return get_range(store, kMiB, 10); }), (Cost{1, 2}));
  ASSERT_TRUE(put(open(sealed_), text_of(3 * kMiB)));
  EXPECT_EQ(cost([&] { return get_range(*store_, kMiB, 10); }), (Cost{1, 1}));
}

TEST_F(CodedTest, versions_are_known_by_their_plain_tokens) {
  Store& store = open(both_);
  const std::string first = put(store, text_of(10'000))->etag;
  PutOptions matches;
  matches.condition = Condition::matches;
  matches.etag = first;
  ASSERT_TRUE(put(store, text_of(20'000), matches));
  EXPECT_EQ(put(store, "third", matches).error().code(), Code::precondition_failed);
  GetOptions old;
  old.if_match = first;
  EXPECT_EQ(get(store, old).error().code(), Code::precondition_failed);
  old.range = ByteRange{0, 1};
  EXPECT_EQ(get(store, old).error().code(), Code::precondition_failed);
}

// Edge case 45: cut at every byte, the object is the old one or the new one, with its checksum.
TEST_F(CodedTest, a_link_that_is_cut_at_any_byte_leaves_one_whole_object) {
  const std::string old = text_of(5000);
  const std::string plain = text_of(6000);
  const std::string checksum = to_hex(md5(as_bytes(plain)));
  for (const CodingSpec& spec : {zstd_, gzip_, both_}) {
    Store& store = open(spec);
    ASSERT_TRUE(put(store, plain));
    const Bytes stored = head(*raw())->size;
    ASSERT_TRUE(put(store, old));
    for (Bytes at = 0; at < stored; ++at) {
      below_.cut_at = at;
      const auto cut = put(store, plain);
      ASSERT_FALSE(cut) << at;
      EXPECT_EQ(cut.error().retry(), Retry::later);
      ASSERT_EQ(get(store).value(), old) << at;
    }
    ASSERT_TRUE(put(store, plain));
    EXPECT_EQ(head(store)->etag, checksum);
    EXPECT_EQ(get(store).value(), plain);
  }
}

TEST_F(CodedTest, a_part_that_was_not_taken_is_sent_again_with_the_very_same_bytes) {
  Store& store = open(sealed_);
  below_.failing_parts = 2;
  const std::string plain = text_of(kInHand + 5000);
  ASSERT_TRUE(put(store, plain));
  ASSERT_EQ(below_.parts.size(), 4);
  EXPECT_TRUE(below_.parts[0] == below_.parts[1] && below_.parts[1] == below_.parts[2]);
  EXPECT_TRUE(get(store).value() == plain);
}

TEST_F(CodedTest, no_two_puts_of_one_body_are_sealed_alike) {
  Store& store = open(sealed_);
  ASSERT_TRUE(put(store, "the same"));
  const std::string first = get(*raw()).value();
  ASSERT_TRUE(put(store, "the same"));
  EXPECT_NE(get(*raw())->substr(kSealHeader), first.substr(kSealHeader));
}

class CodedParts : public CodedTest {
 protected:
  UploadId create(Store& store) {
    const PutOptions options;
    return run(store.multipart()->create(context_, key_, options)).value();
  }
  Result<PartInfo> part(Store& store, const UploadId& upload, std::uint32_t number,
                        const std::string& bytes) {
    return run(put_part_of(context_, store, upload, number, bytes));
  }
  Result<PutResult> complete(Store& store, const UploadId& upload,
                             const std::vector<PartInfo>& parts) {
    const PutOptions options;
    return run(store.multipart()->complete(context_, upload, parts, options));
  }
};

TEST_F(CodedParts, larger_than_what_is_held_become_one_object_in_any_order) {
  const std::string plain = text_of(44 * kMiB + 5);
  for (const CodingSpec& spec : {zstd_, both_, sealed_}) {
    Store& store = open(spec);
    const UploadId upload = create(store);
    std::vector<PartInfo> parts(6);
    for (const std::uint32_t number : {2U, 1U, 4U, 3U, 6U, 5U}) {
      parts[number - 1] =
          part(store, upload, number, plain.substr(Bytes{number - 1} * 8 * kMiB, 8 * kMiB)).value();
    }
    const auto stored = complete(store, upload, parts);
    ASSERT_TRUE(stored) << stored.error().to_string();
    const ObjectInfo info = head(store).value();
    EXPECT_EQ(info.size, plain.size());
    EXPECT_EQ(info.etag, stored->etag);
    EXPECT_TRUE(get(store).value() == plain);
    EXPECT_EQ(get_range(store, 30 * kMiB - 1, 3).value(), plain.substr(30 * kMiB - 1, 3));
  }
}

TEST_F(CodedParts, one_that_is_coded_is_taken_again_with_the_same_bytes_only) {
  Store& store = open(both_);
  const UploadId upload = create(store);
  const PartInfo first = part(store, upload, 1, text_of(9 * kMiB)).value();
  EXPECT_EQ(part(store, upload, 1, text_of(9 * kMiB))->etag, first.etag);
  EXPECT_EQ(part(store, upload, 1, noise_of(9 * kMiB)).error().code(), Code::invalid_argument);
  ASSERT_TRUE(complete(store, upload, {first}));
  EXPECT_TRUE(get(store).value() == text_of(9 * kMiB));
}

TEST_F(CodedParts, a_failed_part_below_is_made_good_by_the_next_try) {
  Store& store = open(both_);
  const UploadId upload = create(store);
  below_.failing_parts = 3;
  const std::string plain = noise_of(9 * kMiB);
  EXPECT_EQ(part(store, upload, 1, plain).error().code(), Code::unavailable);
  const PartInfo first = part(store, upload, 1, plain).value();
  ASSERT_TRUE(complete(store, upload, {first}));
  EXPECT_TRUE(get(store).value() == plain);
}

TEST_F(CodedParts, that_wait_in_vain_for_an_earlier_one_give_up) {
  Store& store = open(both_);
  const UploadId upload = create(store);
  for (const std::uint32_t number : {2U, 3U, 4U, 5U}) {
    ASSERT_TRUE(part(store, upload, number, noise_of(8 * kMiB)));
  }
  const MonoTime start = world_.mono_now();
  const auto late = part(store, upload, 6, noise_of(8 * kMiB));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), Code::unavailable);
  EXPECT_EQ(late.error().retry(), Retry::later);
  EXPECT_GE(world_.mono_now() - start, CodedMultipart::kPatience);
  EXPECT_TRUE(part(store, upload, 1, "the one that all wait for"));
}

TEST_F(CodedParts, of_several_uploads_share_what_may_be_held_and_all_of_them_end) {
  Store& store = open(zstd_);
  constexpr std::uint32_t kUploads = 3;
  const std::string plain = text_of(8 * kMiB);
  std::vector<UploadId> uploads;
  std::vector<std::vector<PartInfo>> parts(kUploads);
  for (std::uint32_t i = 0; i < kUploads; ++i) uploads.push_back(create(store));
  // 64 MiB in all, in two uploads that wait for their first parts.
  for (const std::uint32_t number : {2U, 3U, 4U, 5U}) {
    for (const std::uint32_t i : {0U, 1U}) ASSERT_TRUE(part(store, uploads[i], number, plain));
  }
  const MonoTime start = world_.mono_now();
  EXPECT_FALSE(part(store, uploads[2], 2, plain)) << "there is no room for what comes too early";
  EXPECT_GE(world_.mono_now() - start, CodedMultipart::kPatience);
  for (std::uint32_t i = 0; i < kUploads; ++i) {
    for (std::uint32_t number = 1; number <= 5; ++number) {
      const auto sent = part(store, uploads[i], number, plain);
      ASSERT_TRUE(sent) << sent.error().to_string();
      parts[i].push_back(*sent);
    }
    EXPECT_TRUE(complete(store, uploads[i], parts[i]));
  }
  // What was held by one that is given up is free again.
  const UploadId given_up = create(store);
  for (const std::uint32_t number : {2U, 3U, 4U, 5U}) {
    ASSERT_TRUE(part(store, given_up, number, plain));
  }
  ASSERT_TRUE(run(store.multipart()->abort(context_, given_up)));
  for (const UploadId& upload : {create(store), create(store)}) {
    for (const std::uint32_t number : {2U, 3U, 4U, 5U}) {
      ASSERT_TRUE(part(store, upload, number, plain));
    }
  }
}

TEST_F(CodedParts, of_another_process_are_not_found_and_can_be_freed) {
  const UploadId upload = create(open(both_));
  Store& other = open(both_);
  EXPECT_EQ(run(other.multipart()->parts(context_, upload)).error().code(), Code::not_found);
  EXPECT_EQ(run(other.multipart()->list(context_, ""))->size(), 1);
  ASSERT_TRUE(run(other.multipart()->abort(context_, upload)));
  EXPECT_TRUE(run(other.multipart()->list(context_, ""))->empty());
}

TEST(CodingSpec, options_are_taken_out_and_checked) {
  const auto taken = [](const std::string& options) {
    StoreSpec spec = parse_store_url("memory:m", "/").value();
    for (std::size_t at = 0; at < options.size();) {
      const std::size_t end = std::min(options.find('&', at), options.size());
      const std::string item = options.substr(at, end - at);
      spec.options[item.substr(0, item.find('='))] = item.substr(item.find('=') + 1);
      at = end + 1;
    }
    auto coding = take_coding(spec);
    EXPECT_TRUE(!coding || spec.options.empty());
    return coding;
  };
  EXPECT_FALSE(*taken(""));
  EXPECT_FALSE((*taken("compression=none"))->changes());
  const CodingSpec all = **taken(
      "compression=gzip&compression_level=9&compression_min_size=1MiB&"
      "encryption_key_file=/f");
  EXPECT_EQ(all.compression, Compression::gzip);
  EXPECT_EQ(all.level, 9);
  EXPECT_EQ(all.min_size, kMiB);
  EXPECT_EQ(all.key_file, "/f");
  for (const char* wrong :
       {"compression=zst", "compression=gzip&compression_level=10", "compression_level=3",
        "compression=zstd&compression_level=x", "compression_min_size=many"}) {
    const auto refused = taken(wrong);
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error().code(), Code::invalid_argument) << wrong;
  }
}

}  // namespace
}  // namespace godwit::coding
