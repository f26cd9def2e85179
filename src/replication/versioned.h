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
/// Keys of our own objects, which take no part in anything.
inline constexpr std::string_view kOwnKeys = ".godwit/";

/// The version that an object carries; derived from its time where it carries none, or something
/// that is none.
[[nodiscard]] Version version_of(const ObjectInfo& info);
/// Whether it was written through us.
[[nodiscard]] bool carries_version(const ObjectInfo& info);
[[nodiscard]] Metadata with_version(Metadata metadata, const Version& version);

/// What a store holds under a key; nothing where there is none. Failure: the store's, but
/// not_found.
[[nodiscard]] Task<std::optional<ObjectInfo>> look(const Context& context, Store& store,
                                                   const std::string& key);

/// What a listing would say of it.
[[nodiscard]] ListEntry row_of(const ObjectInfo& info);

/// A key that users may have. Failure: invalid_argument.
[[nodiscard]] Result<void> check_user_key(std::string_view key);

}  // namespace godwit::replication
