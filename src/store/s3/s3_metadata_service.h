#pragma once

#include <optional>
#include <string>

#include "http/sigv4.h"
#include "http/transport.h"
#include "world/context.h"

namespace godwit::s3 {

/// Keys, and until when they are valid.
struct TemporaryKeys {
  http::Credentials keys;
  WallTime expires = WallTime::max();
};

/// Asks the service that AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI names, with the token
/// of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE or AWS_CONTAINER_AUTHORIZATION_TOKEN. Nothing when
/// none is named.
/// Failure: invalid_argument for a plain http URI that leaves the machine (the token would travel
/// in the open) and a token file that is not there; what the service failed with.
[[nodiscard]] Task<std::optional<TemporaryKeys>> keys_of_container(const Context& context,
                                                                   http::Transport& transport);

/// Asks the metadata service of an EC2 instance, version 2. Nothing on a machine without one, or
/// where AWS_EC2_METADATA_DISABLED is true.
[[nodiscard]] Task<std::optional<TemporaryKeys>> keys_of_instance(const Context& context,
                                                                  http::Transport& transport);

/// Reads what either answers. Failure: permission_denied for what has no keys.
[[nodiscard]] Result<TemporaryKeys> parse_keys(std::string_view json);

}  // namespace godwit::s3
