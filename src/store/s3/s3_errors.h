#pragma once

#include <string>

#include "http/transport.h"

namespace godwit::s3 {

/// What a refused request's answer says.
struct Refusal {
  unsigned status = 0;
  std::string code;     ///< S3's, such as "NoSuchKey"; empty without a body
  std::string message;  ///< the service's words
};

/// The one place where S3's codes and statuses become ours.
/// Source: docs.aws.amazon.com, Amazon S3 API, "Error responses"; and what Ceph RGW answers.
[[nodiscard]] Error to_error(const Refusal& refusal, const http::Headers& headers);

/// A copy that answers without the token of what it made has not said that it is done.
[[nodiscard]] Error no_etag();

}  // namespace godwit::s3
