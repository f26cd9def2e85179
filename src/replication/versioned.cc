#include "replication/versioned.h"

#include <utility>

#include "store/etag.h"

namespace godwit::replication {
namespace {

std::optional<Version> carried(const ObjectInfo& info) {
  const auto found = info.metadata.user.find(kVersionMetadata);
  if (found == info.metadata.user.end()) return std::nullopt;
  auto version = Version::parse(found->second);
  if (!version || version->epoch == 0) return std::nullopt;
  return *std::move(version);
}

}  // namespace

Version version_of(const ObjectInfo& info) {
  return carried(info).value_or(derived_version(info.modified));
}

bool carries_version(const ObjectInfo& info) { return carried(info).has_value(); }

Metadata with_version(Metadata metadata, const Version& version) {
  metadata.user[kVersionMetadata] = version.to_text();
  return metadata;
}

void mark_copy(const ObjectInfo& source, const std::optional<Version>& as, Metadata& copy) {
  if (carries_version(source) && (!as || version_of(source) >= *as)) return;
  if (as) copy.user[kVersionMetadata] = as->to_text();
  copy.user.erase(kSourceMetadata);
  // A token that proves nothing is none.
  if (!is_doubtful(source.etag)) copy.user[kSourceMetadata] = source.etag;
}

std::string source_of(const ObjectInfo& copy) {
  const auto found = copy.metadata.user.find(kSourceMetadata);
  return found == copy.metadata.user.end() ? "" : found->second;
}

Task<std::optional<ObjectInfo>> look(const Context& context, Store& store, const std::string& key) {
  auto info = co_await store.head(context, key);
  if (info) co_return *std::move(info);
  if (info.error().code() == Code::not_found) co_return std::nullopt;
  co_return std::unexpected(std::move(info).error());
}

ListEntry row_of(const ObjectInfo& info) {
  return {.key = info.key, .size = info.size, .etag = info.etag, .modified = info.modified};
}

Result<void> check_user_key(std::string_view key) {
  GODWIT_CHECK(check_key(key));
  if (key.starts_with(kOwnKeys)) {
    return fail(Code::invalid_argument, "keys under '.godwit/' are godwit's own");
  }
  return {};
}

}  // namespace godwit::replication
