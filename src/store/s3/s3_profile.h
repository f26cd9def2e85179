#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/sigv4.h"
#include "world/world.h"

namespace godwit::s3 {

/// What a profile of the shared files says, by name. A setting that lies, indented, below another
/// is told as "OUTER.INNER": `s3.endpoint_url`.
using Settings = std::map<std::string, std::string>;

/// The settings of the sections with one of these titles (`default`, `profile NAME`), later ones
/// over earlier ones; nothing when there is no such section.
/// Failure: invalid_argument with the line of what is no INI.
[[nodiscard]] Result<std::optional<Settings>> parse_section(std::string_view text,
                                                            std::span<const std::string> titles);

/// A profile as the AWS tools read it: `~/.aws/config` ($AWS_CONFIG_FILE), over it
/// `~/.aws/credentials` ($AWS_SHARED_CREDENTIALS_FILE). A service section that the profile names is
/// told as "services.s3.endpoint_url". Nothing when neither file has the profile.
/// Failure: invalid_argument with file and line; what a file could not be read for. Blocks.
[[nodiscard]] Result<std::optional<Settings>> load_profile(World& world,
                                                           const std::string& profile);

/// The keys of a profile; nothing when it says nothing of keys.
/// Failure: invalid_argument for half a pair, and for ways to keys that godwit does not go (roles,
/// single sign-on, processes): it says what to do instead.
[[nodiscard]] Result<std::optional<http::Credentials>> keys_of(const Settings& settings,
                                                               const std::string& profile);

/// Of the files that keys and tokens come from.
inline constexpr Bytes kLargestFile = kMiB;

/// Without the blanks around it.
[[nodiscard]] std::string_view trim(std::string_view text);

}  // namespace godwit::s3
