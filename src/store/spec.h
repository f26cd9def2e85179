#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace godwit {

/// What is needed to open a store, as data: from a URL, from a config file, from code.
struct StoreSpec {
  std::string scheme;  ///< "s3", "file", "memory", "rocksdb"
  std::string name;    ///< bucket or name; empty for file; for rocksdb: the absolute directory
  std::string prefix;  ///< key prefix without leading '/'; for file: the absolute directory
  std::map<std::string, std::string> options;
  /// Never printed, never part of a URL.
  std::map<std::string, std::string> secrets;

  /// The URL without secrets; parses to the same spec but for them.
  [[nodiscard]] std::string to_url() const;
};

/// Reads "s3://BUCKET/PREFIX?option=value", "file:///ABS/DIR", "memory:NAME",
/// "rocksdb:///ABS/DIR//PREFIX", and a plain path, relative to `working_directory`.
/// Failure: invalid_argument: what is wrong, where, and a URL that would do; secrets in a URL are
/// refused, because URLs are printed and logged.
[[nodiscard]] Result<StoreSpec> parse_store_url(std::string_view text,
                                                std::string_view working_directory);

/// An option that a scheme understands; docs/reference/stores.md is made from these.
struct OptionInfo {
  std::string name;
  std::string help;
  std::string fallback;              ///< what holds when it is not given; empty: the first choice
  std::vector<std::string> choices;  ///< its values; empty: any text
};

/// Reads options by name and refuses what is not in the table, with the nearest match.
class OptionReader {
 public:
  OptionReader(const StoreSpec& spec, const std::vector<OptionInfo>& known)
      : spec_(spec), known_(known) {}

  /// Failure: invalid_argument for the first option that is not known.
  [[nodiscard]] Result<void> check() const;
  [[nodiscard]] std::optional<std::string> text(const std::string& name) const;
  /// One of the choices that the table has for `name`; the first when it is not given.
  /// Failure: invalid_argument with the nearest choice.
  [[nodiscard]] Result<std::string> choice(const std::string& name) const;
  [[nodiscard]] const std::string* secret(const std::string& name) const;

 private:
  const StoreSpec& spec_;
  const std::vector<OptionInfo>& known_;
};

}  // namespace godwit
