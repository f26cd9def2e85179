#include "store/spec.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cctype>

#include "base/suggest.h"

namespace godwit {
namespace {

constexpr std::array<std::string_view, 6> kSecretOptions = {
    "access_key", "secret_key", "session_token", "password", "token", "secret"};

/// What of a URL may be printed before it was found to hold no secret: neither what stands before
/// an '@', nor its options.
std::string printable(std::string_view text) {
  const std::string_view whole = text.substr(0, text.find('?'));
  const std::size_t slashes = whole.find("://");
  if (slashes == std::string_view::npos) return std::string(whole);
  // Secret keys have slashes in them: what stands before any '@' may be one.
  const std::size_t at = whole.rfind('@');
  if (at == std::string_view::npos || at < slashes) return std::string(whole);
  return std::string(whole.substr(0, slashes + 3)) + "..." + std::string(whole.substr(at));
}

std::unexpected<Error> bad_url(std::string_view text, std::string_view why) {
  return fail(Error(Code::invalid_argument,
                    "'" + printable(text) + "' is not a store URL: " + std::string(why))
                  .with_hint("write s3://BUCKET/PREFIX?endpoint=URL, file:///DIR, "
                             "rocksdb:///DIR//PREFIX, memory:NAME, REMOTE:PREFIX or a path"));
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> percent_decode(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) return bad_url(text, "a '%' that does not begin an escape");
    plain += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return plain;
}

std::string percent_encode(std::string_view text, std::string_view keep) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || keep.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kDigits[byte >> 4];
      encoded += kDigits[byte & 15];
    }
  }
  return encoded;
}

Result<void> parse_options(std::string_view whole, std::string_view query, StoreSpec& spec) {
  while (!query.empty()) {
    const std::string_view item = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), item.size() + 1));
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return bad_url(whole, "'" + std::string(item) + "' is not OPTION=VALUE");
    }
    const std::string name(item.substr(0, equals));
    if (std::ranges::find(kSecretOptions, name) != kSecretOptions.end()) {
      return fail(Error(Code::invalid_argument, "a URL must not carry '" + name + "'")
                      .with_hint("use the environment (AWS_ACCESS_KEY_ID, "
                                 "AWS_SECRET_ACCESS_KEY), a profile or godwit.toml"));
    }
    GODWIT_TRY(std::string value, percent_decode(item.substr(equals + 1)));
    if (!spec.options.emplace(name, std::move(value)).second) {
      return bad_url(whole, "'" + name + "' is given twice");
    }
  }
  return {};
}

std::string absolute(std::string_view path, std::string_view working_directory) {
  std::string whole = path.starts_with('/') ? std::string() : std::string(working_directory) + "/";
  whole += path;
  // "." and ".." and doubled slashes go, so that one directory has one name.
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at < whole.size();) {
    const std::size_t end = std::min(whole.find('/', at), whole.size());
    const std::string_view part = std::string_view(whole).substr(at, end - at);
    if (part == ".." && !parts.empty()) parts.pop_back();
    if (!part.empty() && part != "." && part != "..") parts.push_back(part);
    at = end + 1;
  }
  std::string clean;
  for (const std::string_view part : parts) clean += "/" + std::string(part);
  return clean.empty() ? "/" : clean;
}

bool is_scheme(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '+';
  });
}

/// "/DIR//PREFIX": a key may hold what a directory's name can, so '//' parts them.
Result<StoreSpec> parse_rocksdb(std::string_view text, std::string_view rest, StoreSpec spec) {
  const std::size_t parting = std::min(rest.find("//"), rest.size());
  GODWIT_TRY(const std::string directory, percent_decode(rest.substr(0, parting)));
  if (!directory.starts_with('/')) return bad_url(text, "the directory must be absolute");
  spec.name = absolute(directory, "/");
  GODWIT_TRY(spec.prefix, percent_decode(rest.substr(std::min(parting + 2, rest.size()))));
  return spec;
}

}  // namespace

std::string StoreSpec::to_url() const {
  std::string url;
  if (scheme == "file") {
    url = "file://" + percent_encode(prefix, "/-._~+@=,:");
  } else if (scheme == "memory") {
    url = "memory:" + name;
  } else if (scheme == "rocksdb") {
    url = "rocksdb://" + percent_encode(name, "/-._~+@=,:");
    if (!prefix.empty()) url += "//" + percent_encode(prefix, "/-._~+@=,:");
  } else {
    url = scheme + "://" + name;
    if (!prefix.empty()) url += "/" + percent_encode(prefix, "/-._~+@=,:");
  }
  char separator = '?';
  for (const auto& [option, value] : options) {
    url += separator + option + "=" + percent_encode(value, "/-._~:+@,");
    separator = '&';
  }
  return url;
}

Result<StoreSpec> parse_store_url(std::string_view text, std::string_view working_directory) {
  if (text.empty()) return bad_url(text, "it is empty");
  StoreSpec spec;
  const std::size_t colon = text.find(':');
  const bool has_scheme = colon != std::string_view::npos && is_scheme(text.substr(0, colon));
  if (!has_scheme) {
    spec.scheme = "file";
    spec.prefix = absolute(text, working_directory);
    return spec;
  }
  spec.scheme = text.substr(0, colon);
  std::string_view rest = text.substr(colon + 1);
  const std::size_t question = rest.find('?');
  if (question != std::string_view::npos) {
    GODWIT_CHECK(parse_options(text, rest.substr(question + 1), spec));
    rest = rest.substr(0, question);
  }
  if (spec.scheme == "memory") {
    spec.name = rest;
    if (spec.name.empty()) return bad_url(text, "memory: needs a name");
    return spec;
  }
  if (!rest.starts_with("//")) return bad_url(text, "'//' must follow '" + spec.scheme + ":'");
  rest.remove_prefix(2);
  if (spec.scheme == "file") {
    GODWIT_TRY(const std::string path, percent_decode(rest));
    if (!path.starts_with('/')) return bad_url(text, "the path must be absolute");
    spec.prefix = absolute(path, "/");
    return spec;
  }
  if (spec.scheme == "rocksdb") return parse_rocksdb(text, rest, std::move(spec));
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  spec.name = rest.substr(0, slash);
  if (spec.name.empty()) return bad_url(text, "the bucket is missing");
  if (spec.name.find('@') != std::string::npos) return bad_url(text, "secrets do not belong here");
  GODWIT_TRY(spec.prefix, percent_decode(rest.substr(std::min(slash + 1, rest.size()))));
  return spec;
}

Result<void> OptionReader::check() const {
  std::vector<std::string> names;
  for (const OptionInfo& info : known_) names.push_back(info.name);
  for (const auto& [name, value] : spec_.options) {
    if (std::ranges::find(names, name) != names.end()) continue;
    return fail(Error(Code::invalid_argument,
                      "'" + name + "' is not an option of " + spec_.scheme + ": stores")
                    .with_hint(suggest(name, names)));
  }
  return {};
}

std::optional<std::string> OptionReader::text(const std::string& name) const {
  const auto found = spec_.options.find(name);
  if (found == spec_.options.end()) return std::nullopt;
  return found->second;
}

Result<std::string> OptionReader::choice(const std::string& name) const {
  const auto info = std::ranges::find(known_, name, &OptionInfo::name);
  assert(info != known_.end() && !info->choices.empty());
  const std::vector<std::string>& choices = info->choices;
  const std::optional<std::string> value = text(name);
  if (!value) return choices.front();
  if (std::ranges::find(choices, *value) != choices.end()) return *value;
  return fail(
      Error(Code::invalid_argument, "'" + *value + "' is not a value of option '" + name + "'")
          .with_hint(suggest(*value, choices)));
}

const std::string* OptionReader::secret(const std::string& name) const {
  const auto found = spec_.secrets.find(name);
  return found == spec_.secrets.end() ? nullptr : &found->second;
}

}  // namespace godwit
