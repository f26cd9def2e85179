#pragma once

#include <string>

#include "cli/config.h"
#include "store/spec.h"

namespace godwit::cli {

/// What a location names on the command line.
enum class Names : std::uint8_t {
  tree,   ///< all keys below a prefix or directory
  object  ///< one key
};

struct Location {
  StoreSpec spec;
  std::string key;  ///< for Names::object
};

/// Reads a URL, REMOTE:PREFIX or a path. A prefix means the keys below it: "s3://b/logs" is
/// "logs/…", never "logs-old/…".
/// Failure: invalid_argument; an unknown remote with the nearest match.
[[nodiscard]] Result<Location> parse_location(const std::string& text, Names names,
                                              const Config& config,
                                              const std::string& working_directory);

/// For a place to put an object: a key that ends in '/' (or is empty) is a directory for `name`.
[[nodiscard]] Result<Location> parse_destination(const std::string& text, const std::string& name,
                                                 const Config& config,
                                                 const std::string& working_directory);

}  // namespace godwit::cli
