#pragma once

#include "base/bytes.h"
#include "godwit/object.h"
#include "world/time.h"

namespace godwit {

/// User metadata name under which clients of S3 (rclone, s3fs, godwit) keep the time of the
/// file's last change: seconds since 1970 with fraction, "1699999999.123456789".
inline constexpr const char* kModifiedMetadata = "mtime";

}  // namespace godwit
