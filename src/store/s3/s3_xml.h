#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/store.h"

namespace godwit::s3 {

/// One page of ListObjects or ListObjectsV2. Keys are as the service has them, with the prefix.
struct ListPage {
  std::vector<ListEntry> entries;  ///< objects and common prefixes, in key order
  bool truncated = false;
  std::string next_token;   ///< of V2
  std::string next_marker;  ///< of V1, with a delimiter
};

/// Failure: corrupted for what is no such page, cut pages among it: a listing that broke is never
/// a short one; for a row without a key, a size or a time, too, which are never guessed.
[[nodiscard]] Result<ListPage> parse_list_page(std::string_view xml);

struct PartsPage {
  std::vector<PartInfo> parts;
  bool truncated = false;
  std::string next_marker;
};
/// Failure: as parse_list_page.
[[nodiscard]] Result<PartsPage> parse_parts_page(std::string_view xml);

struct UploadsPage {
  std::vector<UploadId> uploads;
  bool truncated = false;
  std::string next_key;
  std::string next_upload;
};
/// Failure: as parse_list_page.
[[nodiscard]] Result<UploadsPage> parse_uploads_page(std::string_view xml);

/// The text of the first element of that name anywhere; empty when there is none.
[[nodiscard]] std::string find_text(std::string_view xml, std::string_view element);
/// The name of the document element; empty when it is no XML.
[[nodiscard]] std::string_view root_name(std::string_view xml);

struct RemoveError {
  std::string key;
  std::string code;
  std::string message;
};
/// Failure: as parse_list_page.
[[nodiscard]] Result<std::vector<RemoveError>> parse_remove_answer(std::string_view xml);

/// Whether XML 1.0 can say the key: it has no way to write most control characters.
[[nodiscard]] bool fits_xml(std::string_view key);
/// All keys must fit.
[[nodiscard]] std::string remove_request(const std::string& prefix,
                                         std::span<const std::string> keys);
[[nodiscard]] std::string complete_request(std::span<const PartInfo> parts);

/// Tags of GetObjectTagging. Failure: as parse_list_page.
[[nodiscard]] Result<std::map<std::string, std::string>> parse_tags(std::string_view xml);

/// "2026-11-21T05:31:10.123Z".
[[nodiscard]] std::optional<WallTime> parse_timestamp(std::string_view text);
/// "Sat, 21 Nov 2026 05:31:10 GMT" (RFC 9110 §5.6.7).
[[nodiscard]] std::optional<WallTime> parse_http_date(std::string_view text);

/// Without the quotes that ETags wear.
[[nodiscard]] std::string unquote(std::string_view etag);

}  // namespace godwit::s3
