#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/store.h"

namespace godwit::s3 {

/// One page of ListObjectsV2. Keys are as the service has them, with the prefix.
struct ListPage {
  std::vector<ListEntry> entries;  ///< objects and common prefixes, in key order
  bool truncated = false;
  std::string next_token;
};

/// Parses in place: `xml` is used up. Failure: corrupted for what is no such page, cut pages among
/// it: a listing that broke is never a short one.
[[nodiscard]] Result<ListPage> parse_list_page(std::string& xml);

struct PartsPage {
  std::vector<PartInfo> parts;
  bool truncated = false;
  std::string next_marker;
};
[[nodiscard]] Result<PartsPage> parse_parts_page(std::string& xml);

struct UploadsPage {
  std::vector<UploadId> uploads;
  bool truncated = false;
  std::string next_key;
  std::string next_upload;
};
[[nodiscard]] Result<UploadsPage> parse_uploads_page(std::string& xml);

/// The text of the first element of that name anywhere; empty when there is none.
[[nodiscard]] std::string find_text(const std::string& xml, const char* element);
/// The name of the document element; empty when it is no XML.
[[nodiscard]] std::string root_name(const std::string& xml);

struct RemoveError {
  std::string key;
  std::string code;
  std::string message;
};
[[nodiscard]] Result<std::vector<RemoveError>> parse_remove_answer(std::string& xml);

[[nodiscard]] std::string remove_request(const std::string& prefix,
                                         std::span<const std::string> keys);
[[nodiscard]] std::string complete_request(std::span<const PartInfo> parts);

/// Tags of GetObjectTagging.
[[nodiscard]] std::map<std::string, std::string> parse_tags(const std::string& xml);

/// "2026-11-21T05:31:10.123Z".
[[nodiscard]] std::optional<WallTime> parse_timestamp(std::string_view text);
/// "Sat, 21 Nov 2026 05:31:10 GMT" (RFC 9110 §5.6.7).
[[nodiscard]] std::optional<WallTime> parse_http_date(std::string_view text);

/// Without the quotes that ETags wear.
[[nodiscard]] std::string unquote(std::string_view etag);

}  // namespace godwit::s3
