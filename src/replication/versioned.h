#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store/store.h"
#include "version/version.h"

/// How versions travel in the stores themselves.
namespace godwit::replication {

/// User metadata name of the version that an object is.
inline constexpr const char* kVersionMetadata = "godwit-version";
/// User metadata name of what a copy was made of, where that carries no version of its own: its
/// version token at the primary.
inline constexpr const char* kSourceMetadata = "godwit-source";
/// Keys of our own objects, which take no part in anything.
inline constexpr std::string_view kOwnKeys = ".godwit/";

/// The version that an object carries; derived from its time where it carries none, or something
/// that is none.
[[nodiscard]] Version version_of(const ObjectInfo& info);
/// Whether it was written through us.
[[nodiscard]] bool carries_version(const ObjectInfo& info);
[[nodiscard]] Metadata with_version(Metadata metadata, const Version& version);

/// What a copy of `source` carries beside its metadata: if it is to count as of version `as`, which
/// the source does not say itself, then that; and of what it is a copy, if the source was not
/// written through us in that version.
void mark_copy(const ObjectInfo& source, const std::optional<Version>& as, Metadata& copy);
/// What `mark_copy` has noted; "" where there is nothing.
[[nodiscard]] std::string source_of(const ObjectInfo& copy);

/// What a store holds under a key; nothing where there is none. Failure: the store's, but
/// not_found.
[[nodiscard]] Task<std::optional<ObjectInfo>> look(const Context& context, Store& store,
                                                   const std::string& key);

/// What a listing would say of it.
[[nodiscard]] ListEntry row_of(const ObjectInfo& info);

/// A key that users may have. Failure: invalid_argument.
[[nodiscard]] Result<void> check_user_key(std::string_view key);

}  // namespace godwit::replication
