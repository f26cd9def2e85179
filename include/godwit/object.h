#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "godwit/units.h"

namespace godwit {

/// What a writer says of an object besides its bytes. Empty strings are absent fields.
struct Metadata {
  std::string content_type;
  std::string cache_control;
  std::string content_disposition;
  std::string content_encoding;
  std::string content_language;
  std::string expires;                      ///< an HTTP date, kept as it was written
  std::string storage_class;                ///< as the store names it; not compared between stores
  std::map<std::string, std::string> user;  ///< names in lower case
  std::map<std::string, std::string> tags;

  bool operator==(const Metadata&) const = default;
};

struct ByteRange {
  Bytes offset = 0;
  Bytes size = 0;  ///< > 0
};

/// One row of a listing: what a store tells of an object without being asked for it alone.
struct ListEntry {
  std::string key;
  Bytes size = 0;
  std::string etag;  ///< unquoted; empty if the listing does not tell
  WallTime modified{};
  /// A common prefix of a one-level listing: `key` ends in '/', the rest is empty.
  bool is_prefix = false;

  bool operator==(const ListEntry&) const = default;
};

/// All that a store knows of one object.
struct ObjectInfo {
  std::string key;
  Bytes size = 0;
  /// Opaque version token, unquoted: equal tokens of one key mean equal bytes. Where the store's
  /// `etag_is_md5` holds, one of the form of an MD5 is that of the bytes, and one of the form
  /// "MD5-PARTS" that of the part MD5s.
  std::string etag;
  WallTime modified{};
  Metadata metadata;
  std::optional<std::uint32_t> parts;  ///< of a multipart object, where the store tells
  /// Size of all parts but the last. `head` fills it for a multipart object where `part_layout`
  /// holds; it may cost one more request.
  std::optional<Bytes> part_size;
};

}  // namespace godwit
