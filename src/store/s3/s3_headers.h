#pragma once

#include "http/transport.h"
#include "store/s3/s3_config.h"
#include "store/store.h"

namespace godwit::s3 {

/// Adds what a new object is to be: metadata, tags, storage class, encryption.
void add_metadata(http::Headers& headers, const PutOptions& options, const Config& config);
/// Adds If-None-Match or If-Match.
void add_condition(http::Headers& headers, const PutOptions& options);

/// What the head of an answer to GET or HEAD tells. `size` is the whole object's.
/// Failure: corrupted when there is no length, or no time of the last change.
[[nodiscard]] Result<ObjectInfo> read_info(const std::string& key, const http::Headers& headers);

/// A whole number of bytes in decimal digits, or nothing.
[[nodiscard]] std::optional<Bytes> to_size(std::string_view text);

/// How many tags the object has, as GET and HEAD tell.
[[nodiscard]] unsigned tag_count(const http::Headers& headers);

}  // namespace godwit::s3
