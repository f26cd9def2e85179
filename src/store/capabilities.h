#pragma once

#include <cstdint>
#include <limits>

#include "base/bytes.h"

namespace godwit {

/// What a store guarantees, said positively: false and 0 promise nothing. Code asks these, never
/// which product it talks to. The conformance battery proves each claim.
struct Capabilities {
  bool put_if_absent = false;     ///< atomic: of many writers one wins
  bool put_if_match = false;      ///< atomic compare-and-swap on the version token
  bool get_if_match = false;      ///< get refuses when the token is another one
  bool list_has_etag = false;     ///< a listing tells the version token
  bool etag_is_md5 = false;       ///< tokens tell the content; see ObjectInfo::etag
  bool put_tells_md5 = false;     ///< `put` and `put_part` answer the MD5 of what arrived
  bool list_after_write = false;  ///< a listing that starts after a put's answer shows it
  bool user_metadata = false;
  bool tags = false;
  bool server_side_copy = false;    ///< between stores of one `service`
  bool multipart = false;           ///< Store::multipart() is not null
  bool part_layout = false;         ///< `ObjectInfo::parts` and get by part number work
  bool list_from_anywhere = false;  ///< `start_after` costs no more than a page
  bool keeps_modified = false;      ///< `put` keeps the source's modification time by itself

  Bytes max_put_size = std::numeric_limits<Bytes>::max();
  Bytes min_part_size = 1;  ///< of all parts but the last
  Bytes max_part_size = std::numeric_limits<Bytes>::max();
  std::uint32_t max_parts = std::numeric_limits<std::uint32_t>::max();
  std::size_t max_removes = 1;  ///< keys in one `remove` call
};

}  // namespace godwit
