#pragma once

#include <memory>

#include "http/transport.h"
#include "store/registry.h"

namespace godwit::s3 {

/// `s3://BUCKET/PREFIX?endpoint=…`: any service that speaks the S3 API.
/// `transport` must outlive the stores.
[[nodiscard]] SchemeInfo s3_scheme(http::Transport& transport);

}  // namespace godwit::s3
