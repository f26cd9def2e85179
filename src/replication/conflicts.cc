#include "replication/conflicts.h"

#include <array>
#include <cstdio>
#include <utility>

#include "base/crc.h"
#include "replication/versioned.h"
#include "version/merge.h"

namespace godwit::replication {

std::string rescue_key(const std::string& key, const ObjectInfo& loser) {
  const std::string folder = std::string(kOwnKeys) + "rescue/" + version_of(loser).to_text() + "/";
  if (folder.size() + key.size() <= kLongestKey) return folder + key;
  Crc32c crc;
  crc.update(as_bytes(key));
  std::array<char, 10> mark{};
  std::snprintf(mark.data(), mark.size(), "~%08x", crc.value());
  std::size_t most = kLongestKey - folder.size() - (mark.size() - 1);
  while ((static_cast<unsigned char>(key[most]) & 0xC0U) == 0x80U)
    --most;  // between two characters
  return folder + key.substr(0, most) + mark.data();
}

Error changed_meanwhile(const Store& primary, const std::string& key) {
  return Error(Code::unavailable, "the object changed meanwhile")
      .at(place_of(primary, "head", key));
}

Task<void> Conflicts::rescue(const Context& context, Store& store, const std::string& key) {
  const GetOptions get_options;
  auto got = co_await store.get(context, key, get_options);
  if (!got && got.error().code() == Code::not_found) co_return Result<void>();
  if (!got) co_return std::unexpected(std::move(got).error());
  const std::string aside = rescue_key(key, got->info);
  PutOptions put_options{.metadata = got->info.metadata, .modified = got->info.modified};
  if (!aside.ends_with(key)) put_options.metadata.user["godwit-key"] = key;
  const Upload upload{.body = got->body.get(), .size = got->info.size};
  auto kept = co_await store.put(context, aside, upload, put_options);
  if (!kept) co_return fail(std::move(kept).error().because_of("keep the loser of a conflict"));
  co_return Result<void>();
}

Task<std::string> Conflicts::body(const Context& context, Store& store, const std::string& key,
                                  ObjectInfo& info) {
  const GetOptions options;
  GODWIT_CO_TRY(GetResult got, co_await store.get(context, key, options));
  info = std::move(got.info);
  co_return co_await read_all(*got.body, kLargestMergeBody);
}

Task<ObjectInfo> Conflicts::merge(const Context& context, Target& target, const std::string& key,
                                  const Outrun& outrun) {
  ObjectInfo ours;
  ObjectInfo theirs;
  GODWIT_CO_TRY(std::string our_body, co_await body(context, *engine_.primary, key, ours));
  GODWIT_CO_TRY(std::string their_body, co_await body(context, *target.store, key, theirs));
  GODWIT_CO_TRY(const Merger merger, engine_.mergers.find(engine_.config.merger));
  const MergeInput input{.ours = {.body = std::move(our_body), .version = version_of(ours)},
                         .theirs = {.body = std::move(their_body), .version = version_of(theirs)},
                         .content_type = ours.metadata.content_type};
  const auto merged = merger(input);
  if (!merged) {
    co_return fail(Error(Code::precondition_failed,
                         "conflict: both bodies stay, since they cannot be merged: " +
                             merged.error().message())
                       .with_hint("choose one of them"));
  }
  if (*merged == input.ours.body) co_return theirs;
  ViewBody merged_body(as_bytes(*merged));
  const Upload upload{.body = &merged_body, .size = merged->size()};
  // What is written meanwhile is not in the merged body, and must not be lost under it.
  const WriteOptions options{.metadata = ours.metadata,
                             .expected = Expected{.version = version_of(ours)}};
  GODWIT_CO_CHECK(co_await writer_.replace(context, key, upload, options, outrun));
  co_return theirs;
}

Task<ObjectInfo> Conflicts::adopt_anew(const Context& context, Target& target,
                                       const std::string& key, const Outrun& outrun) {
  GODWIT_CO_TRY(const auto ours, co_await look(context, *engine_.primary, key));
  GODWIT_CO_CHECK(co_await rescue(context, *engine_.primary, key));
  const GetOptions get_options;
  GODWIT_CO_TRY(GetResult got, co_await target.store->get(context, key, get_options));
  const Upload upload{.body = got.body.get(), .size = got.info.size};
  WriteOptions options{.metadata = got.info.metadata, .expected = Expected{}};
  if (ours) options.expected->version = version_of(*ours);
  GODWIT_CO_CHECK(co_await writer_.replace(context, key, upload, options, outrun));
  GODWIT_CO_TRY(const auto there, co_await look(context, *target.store, key));
  const bool same = there && there->etag == got.info.etag && there->size == got.info.size &&
                    there->modified == got.info.modified;
  if (!same) co_return fail(changed_meanwhile(*engine_.primary, key));
  co_return *there;
}

Task<void> Conflicts::resolve(const Context& context, Target& target, const std::string& key,
                              Standing keep) {
  GODWIT_CO_TRY(const auto pass, co_await engine_.gate.enter(context));
  // A write of the key since then is a task, which a dead letter is not.
  const Outrun outrun = [&] {
    const auto* queue = engine_.journal.target(target.config.name);
    return queue == nullptr || queue->lacks(key) || engine_.is_open(key);
  };
  if (keep == Standing::other) GODWIT_CO_CHECK(co_await adopt_anew(context, target, key, outrun));
  // With nothing in its way the primary's object is delivered like any other.
  GODWIT_CO_CHECK(co_await rescue(context, *target.store, key));
  const std::span<const std::string> keys(&key, 1);
  GODWIT_CO_TRY(auto removed, co_await target.store->remove(context, keys));
  if (!removed.front()) co_return std::unexpected(std::move(removed.front()).error());
  if (auto* queue = engine_.journal.target(target.config.name)) queue->redrive(key);
  engine_.counts.conflicts_resolved += 1;
  co_return Result<void>();
}

}  // namespace godwit::replication
