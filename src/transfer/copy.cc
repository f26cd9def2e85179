#include "transfer/copy.h"

#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "store/etag.h"
#include "transfer/bodies.h"
#include "transfer/parts_copy.h"

namespace godwit::transfer {
namespace {

/// Reads "1699999999.123456789" (kModifiedMetadata).
std::optional<WallTime> parse_modified(const std::string& text) {
  std::int64_t seconds = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, seconds);
  if (error != std::errc()) return std::nullopt;
  std::int64_t nanoseconds = 0;
  if (rest != end && *rest == '.') {
    std::string digits(rest + 1, end);
    digits.resize(9, '0');
    std::from_chars(digits.data(), digits.data() + digits.size(), nanoseconds);
  }
  return WallTime(std::chrono::seconds(seconds) + std::chrono::nanoseconds(nanoseconds));
}

std::optional<ContentEtag> token_of(const Store& store, const std::string& etag) {
  return store.capabilities().etag_is_md5 ? ContentEtag::parse(etag) : std::nullopt;
}

Error not_proven(const std::string& wanted, const std::string& got) {
  return Error(Code::corrupted,
               "the target stored content with the ETag " + got + ", sent was " + wanted)
      .with(Retry::later)
      .with_hint(
          "if the target encrypts so that its ETags are not MD5s, say etag=opaque in its "
          "URL");
}

/// How the bytes of one streamed object are proven.
struct Proof {
  bool hash = false;
  std::optional<Bytes> part_size;  // of the source's token
  std::string expected;            // that must come out of the hash; empty: only take it
};

Proof proof_for(const StorePair& stores, const ObjectInfo& info) {
  const bool target_tells = stores.target.capabilities().put_tells_md5;
  const auto token = token_of(stores.source, info.etag);
  if (!token) return {.hash = target_tells, .part_size = {}, .expected = {}};
  if (token->parts == 0) {
    return {.hash = !target_tells, .part_size = {}, .expected = info.etag};
  }
  // Bytes that were cut at a place which we only guess prove nothing, and must not be refused.
  const std::optional<Bytes> part_size = token->parts == 1 ? info.size : info.part_size;
  if (!part_size) return {.hash = target_tells, .part_size = {}, .expected = {}};
  return {.hash = true, .part_size = part_size, .expected = info.etag};
}

}  // namespace

bool same_service(const StorePair& stores) {
  return stores.target.capabilities().server_side_copy &&
         stores.source.identity().service == stores.target.identity().service;
}

PutOptions put_options_for(const StorePair& stores, const ObjectInfo& info,
                           const Annotate* annotate) {
  PutOptions options;
  options.metadata = info.metadata;
  if (annotate != nullptr) (*annotate)(info, options.metadata);
  options.metadata.storage_class.clear();
  // Between stores without times of their own, metadata travel untouched.
  if (stores.source.capabilities().keeps_modified || stores.target.capabilities().keeps_modified) {
    const auto kept = info.metadata.user.find(kModifiedMetadata);
    if (kept != info.metadata.user.end()) options.modified = parse_modified(kept->second);
    if (!options.modified) options.modified = info.modified;
  }
  if (token_of(stores.source, info.etag)) options.content_etag = info.etag;
  return options;
}

struct Copier::Impl {
  Impl(StorePair pair, const TransferOptions& chosen, CopyResources shared)
      : stores(pair),
        options(chosen),
        resources(shared),
        bandwidth(shared.world, chosen.bandwidth) {}

  Task<Bytes> in_service(const Context& context, const ListEntry& entry,
                         const std::string& target_key) {
    CopySource from;
    from.store = &stores.source;
    from.key = entry.key;
    PutOptions put;
    if (resources.annotate != nullptr) {
      GODWIT_CO_TRY(const ObjectInfo info, co_await stores.source.head(context, entry.key));
      put = put_options_for(stores, info, resources.annotate);
      from.metadata = MetadataFrom::options;
      // What is said of it must be true of what is copied.
      from.if_match = info.etag;
    }
    auto done = co_await stores.target.copy(context, target_key, from, put);
    if (!done && done.error().code() == Code::precondition_failed && !from.if_match.empty()) {
      co_return fail(Error(Code::unavailable, "the source changed while it was copied")
                         .at(place_of(stores.source, "copy", entry.key)));
    }
    GODWIT_CO_TRY(const PutResult copied, std::move(done));
    const auto wanted = token_of(stores.source, entry.etag);
    const auto stored = token_of(stores.target, copied.etag);
    if (wanted && stored && entry.etag != copied.etag && wanted->parts == stored->parts) {
      // Replaced since it was listed, or not copied as it is.
      GODWIT_CO_TRY(const ObjectInfo now, co_await stores.source.head(context, entry.key));
      if (now.etag != copied.etag) co_return fail(not_proven(now.etag, copied.etag));
    }
    resources.progress.bytes += entry.size;
    co_return entry.size;
  }

  Task<Copied> stream(const Context& context, const ListEntry& entry, const std::string& target_key,
                      const CopyGuard& guard) {
    const GetOptions get;
    GODWIT_CO_TRY(const ObjectInfo layout, co_await layout_of(context, entry));
    GODWIT_CO_TRY(GetResult got, co_await stores.source.get(context, entry.key, get));
    if (guard.fits && !guard.fits(got.info)) {
      co_return fail(Error(Code::precondition_failed, "the source is not what was to be copied")
                         .at(place_of(stores.source, "get", entry.key)));
    }
    if (got.info.etag == layout.etag && layout.part_size) got.info.part_size = layout.part_size;
    const Proof proof = proof_for(stores, got.info);
    PutOptions put = put_options_for(stores, got.info, resources.annotate);
    // A token that nothing will prove must not be recorded as if it were.
    put.content_etag = proof.expected;
    put.condition = guard.target.condition;
    put.etag = guard.target.etag;
    MeteredBody metered(*got.body, context, bandwidth, resources.progress.bytes);
    std::optional<HashingBody> hashing;
    if (proof.hash) hashing.emplace(metered, proof.part_size, proof.expected);
    const Upload upload{hashing ? static_cast<Body*>(&*hashing) : &metered, got.info.size};
    GODWIT_CO_TRY(PutResult stored, co_await stores.target.put(context, target_key, upload, put));
    const std::string& wanted =
        proof.expected.empty() && hashing ? hashing->etag() : proof.expected;
    const bool comparable = stores.target.capabilities().put_tells_md5 && !proof.part_size;
    if (comparable && stored.etag != wanted) co_return fail(not_proven(wanted, stored.etag));
    co_return Copied{.source = std::move(got.info), .etag = std::move(stored.etag)};
  }

  /// Where an object of parts was cut, which a `head` tells and a `get` does not. Asked before, so
  /// that no connection waits for another one.
  Task<ObjectInfo> layout_of(const Context& context, const ListEntry& entry) {
    const auto token = token_of(stores.source, entry.etag);
    const bool cut = token && token->parts > 1;
    if (!cut || !stores.source.capabilities().part_layout) co_return ObjectInfo{};
    co_return co_await stores.source.head(context, entry.key);
  }

  [[nodiscard]] bool wants_parts(const ListEntry& entry) const {
    Store& target = stores.target;
    if (target.multipart() == nullptr) return false;
    if (entry.size > target.capabilities().max_put_size) return true;
    const auto token = token_of(stores.source, entry.etag);
    const bool cut = token && token->parts > 0;
    if (cut && target.capabilities().put_tells_md5) return true;
    if (same_service(stores) || (token && !cut)) return false;
    return entry.size > options.multipart_threshold;
  }

  StorePair stores;
  const TransferOptions& options;
  CopyResources resources;
  BandwidthLimiter bandwidth;
};

Copier::Copier(StorePair stores, const TransferOptions& options, CopyResources resources)
    : impl_(std::make_unique<Impl>(stores, options, resources)) {}

Copier::~Copier() = default;

Task<Bytes> Copier::copy(const Context& context, const ListEntry& entry,
                         const std::string& target_key, const Precondition& replaced) {
  if (impl_->wants_parts(entry)) {
    const PartsCopyNeeds needs{impl_->stores,    impl_->options, impl_->resources,
                               impl_->bandwidth, nullptr,        replaced};
    co_return co_await copy_in_parts(context, needs, entry.key, target_key);
  }
  if (same_service(impl_->stores)) {
    co_return co_await impl_->in_service(context, entry, target_key);
  }
  const CopyGuard guard{.target = replaced, .fits = {}};
  GODWIT_CO_TRY(const Copied copied, co_await impl_->stream(context, entry, target_key, guard));
  co_return copied.source.size;
}

bool Copier::goes_in_one_put(const ListEntry& entry) const {
  return !impl_->wants_parts(entry) && !same_service(impl_->stores);
}

Task<Copied> Copier::copy_if(const Context& context, const ListEntry& entry,
                             const std::string& target_key, const CopyGuard& guard) {
  co_return co_await impl_->stream(context, entry, target_key, guard);
}

Task<Bytes> Copier::go_on(const Context& context, const std::string& source_key,
                          const std::string& target_key, const UploadState& begun,
                          const Precondition& replaced) {
  const PartsCopyNeeds needs{impl_->stores,    impl_->options, impl_->resources,
                             impl_->bandwidth, &begun,         replaced};
  co_return co_await copy_in_parts(context, needs, source_key, target_key);
}

}  // namespace godwit::transfer
