#include "cli/locations.h"

#include <algorithm>
#include <array>

#include "base/suggest.h"

namespace godwit::cli {
namespace {

constexpr std::array<std::string_view, 4> kSchemes = {"s3", "file", "memory", "rocksdb"};

/// "name:prefix", where name is no scheme and the text is no path.
bool looks_like_remote(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos || text.find('/') < colon) return false;
  return std::ranges::find(kSchemes, text.substr(0, colon)) == kSchemes.end() &&
         text.compare(colon + 1, 2, "//") != 0;
}

/// Puts what follows "REMOTE:" behind what the remote names. A remote of rclone names no bucket:
/// it comes first in the text.
void append(StoreSpec& spec, std::string rest) {
  if (spec.scheme == "s3" && spec.name.empty()) {
    while (rest.starts_with('/')) rest.erase(0, 1);
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    spec.name = rest.substr(0, slash);
    rest.erase(0, std::min(slash + 1, rest.size()));
  }
  if (rest.empty()) return;
  const bool joint = spec.prefix.empty() || spec.prefix.ends_with('/') || rest.starts_with('/');
  spec.prefix += joint ? rest : "/" + rest;
}

Result<StoreSpec> parse_remote(const std::string& text, const Config& config) {
  const std::size_t colon = text.find(':');
  const std::string name = text.substr(0, colon);
  const auto found = config.remotes.find(name);
  if (found == config.remotes.end()) {
    std::vector<std::string> known;
    for (const auto& [remote, spec] : config.remotes) known.push_back(remote);
    for (const std::string_view scheme : kSchemes) known.emplace_back(scheme);
    return fail(Error(Code::invalid_argument, "'" + name +
                                                  "' is neither a kind of store nor a "
                                                  "remote of godwit.toml")
                    .with_hint(suggest(name, known)));
  }
  StoreSpec spec = found->second;
  append(spec, text.substr(colon + 1));
  if (spec.scheme == "s3" && spec.name.empty()) {
    return fail(Error(Code::invalid_argument, "'" + text + "' names no bucket")
                    .with_hint("write " + name + ":BUCKET/PREFIX"));
  }
  return spec;
}

Result<StoreSpec> parse_spec(const std::string& text, const Config& config,
                             const std::string& working_directory) {
  if (looks_like_remote(text)) return parse_remote(text, config);
  return parse_store_url(text, working_directory);
}

/// Cuts the last element off a file's path, or takes all of an S3 key.
void split_key(Location& location) {
  StoreSpec& spec = location.spec;
  if (spec.scheme == "file") {
    const std::size_t slash = spec.prefix.find_last_of('/');
    location.key = spec.prefix.substr(slash + 1);
    spec.prefix = slash == 0 ? "/" : spec.prefix.substr(0, slash);
  } else {
    location.key = std::exchange(spec.prefix, {});
  }
}

}  // namespace

Result<Location> parse_location(const std::string& text, Names names, const Config& config,
                                const std::string& working_directory) {
  Location location;
  GODWIT_TRY(location.spec, parse_spec(text, config, working_directory));
  StoreSpec& spec = location.spec;
  if (names == Names::tree) {
    const bool bare = spec.scheme != "file" && !spec.prefix.empty() && !spec.prefix.ends_with('/');
    if (bare) spec.prefix += '/';
    return location;
  }
  split_key(location);
  if (location.key.empty()) {
    return fail(Error(Code::invalid_argument, "'" + text + "' names no object")
                    .with_hint("add a key to it"));
  }
  return location;
}

Result<Location> parse_destination(const std::string& text, const std::string& name,
                                   const Config& config, const std::string& working_directory) {
  Location location;
  GODWIT_TRY(location.spec, parse_spec(text, config, working_directory));
  if (location.spec.scheme == "file") {
    // A path loses its last '/' when it is made absolute.
    const std::string_view path = std::string_view(text).substr(0, text.find('?'));
    if (path.ends_with('/')) {
      location.key = name;
      return location;
    }
  }
  split_key(location);
  if (location.key.empty() || location.key.ends_with('/')) location.key += name;
  return location;
}

}  // namespace godwit::cli
