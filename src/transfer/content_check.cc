#include "transfer/content_check.h"

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "base/checksum.h"
#include "store/etag.h"
#include "transfer/bodies.h"
#include "transfer/comparison.h"
#include "transfer/part_layout.h"
#include "world/signal.h"

namespace godwit::transfer {
namespace {

constexpr std::size_t kReadBuffer = 128 * kKiB;

Task<void> read_through(Body& body, std::string& buffer, Bytes& bytes_read) {
  const MutableByteSpan space = std::as_writable_bytes(std::span(buffer));
  for (;;) {
    GODWIT_CO_TRY(const std::size_t count, co_await body.read(space));
    bytes_read += count;
    if (count == 0) co_return Result<void>();
  }
}

/// The token that the bytes would have in a store that tells MD5s, cut as `like` was.
Task<std::string> hash_like(const Context& context, Store& store, const std::string& key,
                            std::optional<Bytes> part_size, Bytes& bytes_read) {
  const GetOptions options;
  GODWIT_CO_TRY(GetResult got, co_await store.get(context, key, options));
  HashingBody hashing(*got.body, part_size, {});
  std::string buffer(kReadBuffer, '\0');
  GODWIT_CO_CHECK(co_await read_through(hashing, buffer, bytes_read));
  co_return hashing.etag();
}

Task<Xxh128Digest> fingerprint(const Context& context, Store& store, const std::string& key,
                               Bytes& bytes_read) {
  const GetOptions options;
  GODWIT_CO_TRY(GetResult got, co_await store.get(context, key, options));
  Xxh128 hash;
  std::string buffer(kReadBuffer, '\0');
  const MutableByteSpan space = std::as_writable_bytes(std::span(buffer));
  for (;;) {
    GODWIT_CO_TRY(const std::size_t count, co_await got.body->read(space));
    if (count == 0) co_return hash.finish();
    bytes_read += count;
    hash.update(space.first(count));
  }
}

asio::awaitable<void> fingerprint_into(const Context& context, Store& store, const std::string& key,
                                       Bytes& bytes_read, Result<Xxh128Digest>& result) {
  result = co_await fingerprint(context, store, key, bytes_read);
}

Task<bool> same_bytes(const Context& context, const StorePair& stores, const std::string& key,
                      Bytes& bytes_read) {
  TaskGroup other(context.world().executor());
  Result<Xxh128Digest> theirs;
  other.spawn(fingerprint_into(context, stores.target, key, bytes_read, theirs));
  const Result<Xxh128Digest> ours = co_await fingerprint(context, stores.source, key, bytes_read);
  co_await other.join();
  if (!ours) co_return fail(Error(ours.error()));
  if (!theirs) co_return fail(Error(theirs.error()));
  co_return *ours == *theirs;
}

/// How the content token of an object was made, where it can be made again.
struct Recipe {
  std::string etag;
  std::optional<Bytes> part_size;
};

std::optional<Recipe> recipe_of(const Store& store, const std::string& etag, Bytes size,
                                std::optional<Bytes> part_size) {
  const auto token = store.capabilities().etag_is_md5 ? ContentEtag::parse(etag) : std::nullopt;
  if (!token) return std::nullopt;
  if (token->parts == 0) return Recipe{etag, std::nullopt};
  if (part_size) return Recipe{etag, part_size};
  const std::vector<Bytes> sizes = guess_part_sizes(size, token->parts);
  // With several guesses a mismatch would prove nothing.
  if (sizes.size() != 1) return std::nullopt;
  return Recipe{etag, sizes.front()};
}

struct Described {
  std::string etag;
  Bytes size = 0;
  std::optional<Bytes> part_size;
};

Task<bool> prove(const Context& context, const StorePair& stores, const std::string& key,
                 const std::array<Described, 2>& sides, Bytes& bytes_read) {
  const auto [source, target] = sides;
  const auto of_source = recipe_of(stores.source, source.etag, source.size, source.part_size);
  const auto of_target = recipe_of(stores.target, target.etag, target.size, target.part_size);
  if (of_source && !of_target) {
    GODWIT_CO_TRY(const std::string etag, co_await hash_like(context, stores.target, key,
                                                             of_source->part_size, bytes_read));
    co_return etag == of_source->etag;
  }
  if (of_target) {
    GODWIT_CO_TRY(const std::string etag, co_await hash_like(context, stores.source, key,
                                                             of_target->part_size, bytes_read));
    co_return etag == of_target->etag;
  }
  co_return co_await same_bytes(context, stores, key, bytes_read);
}

asio::awaitable<void> head_into(const Context& context, Store& store, const std::string& key,
                                Result<ObjectInfo>& result) {
  result = co_await store.head(context, key);
}

}  // namespace

bool same_metadata(const Capabilities& source, const Capabilities& target, const Metadata& a,
                   const Metadata& b) {
  if (!source.user_metadata || !target.user_metadata) return true;
  const auto fields = [](const Metadata& m) {
    return std::tie(m.cache_control, m.content_disposition, m.content_encoding, m.content_language,
                    m.expires);
  };
  const auto user = [](const Metadata& m) {
    std::map<std::string, std::string> kept = m.user;
    kept.erase(kModifiedMetadata);
    return kept;
  };
  // A store that was told no type names its own default.
  const bool types_differ =
      !a.content_type.empty() && !b.content_type.empty() && a.content_type != b.content_type;
  return fields(a) == fields(b) && user(a) == user(b) && !types_differ;
}

Task<bool> same_content(const Context& context, const StorePair& stores, const ListEntry& source,
                        const ListEntry& target) {
  Bytes bytes_read = 0;
  const std::array<Described, 2> sides = {Described{source.etag, source.size, std::nullopt},
                                          Described{target.etag, target.size, std::nullopt}};
  co_return co_await prove(context, stores, source.key, sides, bytes_read);
}

Task<PairClass> check_objects(const Context& context, const StorePair& stores,
                              const std::string& key, VerifyLevel level, Bytes& bytes_read) {
  TaskGroup other(context.world().executor());
  Result<ObjectInfo> theirs = ObjectInfo{};
  other.spawn(head_into(context, stores.target, key, theirs));
  const Result<ObjectInfo> ours = co_await stores.source.head(context, key);
  co_await other.join();
  if (!ours) co_return fail(Error(ours.error()));
  if (!theirs) co_return fail(Error(theirs.error()));
  if (ours->size != theirs->size) co_return PairClass::different;
  bool same = false;
  const Capabilities& from = stores.source.capabilities();
  const Capabilities& to = stores.target.capabilities();
  if (level == VerifyLevel::content) {
    GODWIT_CO_TRY(same, co_await same_bytes(context, stores, key, bytes_read));
  } else {
    const bool comparable = from.etag_is_md5 && to.etag_is_md5;
    const Verdict verdict =
        comparable ? compare_tokens(ours->etag, theirs->etag, ours->size) : Verdict::unproven;
    same = verdict == Verdict::same;
    if (verdict == Verdict::unproven) {
      const std::array<Described, 2> sides = {
          Described{ours->etag, ours->size, ours->part_size},
          Described{theirs->etag, theirs->size, theirs->part_size}};
      GODWIT_CO_TRY(same, co_await prove(context, stores, key, sides, bytes_read));
    }
  }
  if (!same) co_return PairClass::different;
  co_return same_metadata(from, to, ours->metadata, theirs->metadata) ? PairClass::same
                                                                      : PairClass::metadata_only;
}

}  // namespace godwit::transfer
