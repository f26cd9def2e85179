#include "service/request.h"

#include <charconv>

#include "base/suggest.h"
#include "http/url.h"

namespace godwit::service {
namespace {

std::vector<std::string> names_of(const std::vector<Argument>& known) {
  std::vector<std::string> names;
  for (const Argument& each : known) names.push_back(each.name);
  return names;
}

std::unexpected<Error> wrong(const std::string& what, const std::string& hint = {}) {
  return fail(Error(Code::invalid_argument, what).with_hint(hint));
}

Result<std::string> decode_query(std::string_view text) {
  std::string spaced(text);
  std::ranges::replace(spaced, '+', ' ');
  return http::uri_decode(spaced);
}

bool is_count(std::string_view text) {
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc() && read.ptr == text.data() + text.size();
}

Result<void> check_type(const Argument& argument, const Json& value) {
  if (argument.type == Type::text && !value.is_string()) {
    return wrong("'" + argument.name + "' must be text");
  }
  if (argument.type == Type::truth && !value.is_boolean()) {
    return wrong("'" + argument.name + "' must be true or false");
  }
  if (argument.type == Type::count && !value.is_number_unsigned()) {
    return wrong("'" + argument.name + "' must be a whole number from 0");
  }
  return {};
}

}  // namespace

Result<Asked> parse_target(std::string_view target) {
  Asked asked;
  const std::size_t mark = std::min(target.find('?'), target.size());
  asked.path = std::string(target.substr(0, mark));
  std::string_view query = target.substr(std::min(mark + 1, target.size()));
  while (!query.empty()) {
    const std::string_view item = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), item.size() + 1));
    if (item.empty()) continue;
    const std::size_t equals = std::min(item.find('='), item.size());
    GODWIT_TRY(std::string name, decode_query(item.substr(0, equals)));
    GODWIT_TRY(std::string value, decode_query(item.substr(std::min(equals + 1, item.size()))));
    if (asked.query.contains(name)) return wrong("'" + name + "' is given twice");
    asked.query[std::move(name)] = std::move(value);
  }
  return asked;
}

Result<std::optional<std::map<std::string, std::string>>> match(std::string_view pattern,
                                                                std::string_view path) {
  std::map<std::string, std::string> found;
  while (!pattern.empty()) {
    const std::size_t brace = std::min(pattern.find('{'), pattern.size());
    if (!path.starts_with(pattern.substr(0, brace))) return std::nullopt;
    path.remove_prefix(brace);
    pattern.remove_prefix(brace);
    if (pattern.empty()) break;
    std::string name(pattern.substr(1, pattern.find('}') - 1));
    pattern.remove_prefix(name.size() + 2);
    const bool rest = name.ends_with("...");
    const std::string_view value = rest ? path : path.substr(0, path.find('/'));
    if (value.empty()) return std::nullopt;
    path.remove_prefix(value.size());
    if (rest) name.resize(name.size() - 3);
    GODWIT_TRY(found[name], http::uri_decode(value));
  }
  if (!path.empty()) return std::nullopt;
  return found;
}

Result<void> check_query(const std::map<std::string, std::string>& query,
                         const std::vector<Argument>& known) {
  for (const auto& [name, value] : query) {
    const auto argument = std::ranges::find(known, name, &Argument::name);
    if (argument == known.end()) {
      return wrong("'" + name + "' is no argument of this", suggest(name, names_of(known)));
    }
    if (argument->type == Type::count && !is_count(value)) {
      return wrong("'" + name + "' must be a whole number from 0");
    }
    if (argument->type == Type::truth && value != "true" && value != "false") {
      return wrong("'" + name + "' must be true or false");
    }
  }
  for (const Argument& argument : known) {
    if (argument.required && !query.contains(argument.name)) {
      return wrong("'" + argument.name + "' is missing");
    }
  }
  return {};
}

Result<Json> parse_fields(std::string_view body, const std::vector<Argument>& known) {
  Json json = body.empty() ? Json::object() : Json::parse(body, nullptr, false);
  if (json.is_discarded()) return wrong("the body is not JSON");
  if (!json.is_object()) return wrong("the body must be a JSON object");
  for (const auto& [name, value] : json.items()) {
    const auto argument = std::ranges::find(known, name, &Argument::name);
    if (argument == known.end()) {
      return wrong("'" + name + "' is no field of this", suggest(name, names_of(known)));
    }
    GODWIT_CHECK(check_type(*argument, value));
  }
  for (const Argument& argument : known) {
    if (argument.required && !json.contains(argument.name)) {
      return wrong("'" + argument.name + "' is missing");
    }
  }
  return json;
}

bool same_token(std::string_view given, std::string_view token) {
  unsigned different = given.size() == token.size() ? 0U : 1U;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char other = token.empty() ? '\0' : token[i % token.size()];
    different |= static_cast<unsigned>(given[i] ^ other);
  }
  return different == 0 && !token.empty();
}

namespace {

/// What it encodes, up to the first byte that is not of the alphabet.
std::string from_base64(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : text) {
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) break;
    held = (held << 6U | static_cast<std::uint32_t>(digit)) & 0xFFFFU;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(held >> static_cast<unsigned>(bits) & 0xFFU);
  }
  return bytes;
}

}  // namespace

std::optional<Access> access_of(std::string_view authorization, const std::string& read_token,
                                const std::string& operate_token) {
  if (read_token.empty() && operate_token.empty()) return Access::operate;
  constexpr std::string_view kBearer = "Bearer ";
  if (!authorization.starts_with(kBearer)) return std::nullopt;
  const std::string_view given = authorization.substr(kBearer.size());
  if (same_token(given, operate_token)) return Access::operate;
  if (same_token(given, read_token)) return Access::read;
  return std::nullopt;
}

std::vector<std::string> shown_secrets(std::string_view authorization,
                                       const std::map<std::string, std::string>& query) {
  std::vector<std::string> shown;
  if (const auto found = query.find("secret"); found != query.end()) shown.push_back(found->second);
  const std::size_t space = authorization.find(' ');
  const std::string scheme(authorization.substr(0, std::min(space, authorization.size())));
  if (space == std::string_view::npos) {
    shown.emplace_back(authorization);
  } else if (scheme == "Bearer") {
    shown.emplace_back(authorization.substr(space + 1));
  } else if (scheme == "Basic") {
    const std::string credentials = from_base64(authorization.substr(space + 1));
    const std::size_t colon = credentials.find(':');
    if (colon != std::string::npos) shown.push_back(credentials.substr(colon + 1));
  }
  return shown;
}

std::string without_secret(std::string_view target) {
  std::string shown(target);
  for (std::size_t at = shown.find("secret="); at != std::string::npos;
       at = shown.find("secret=", at + 1)) {
    const std::size_t begin = at + std::string_view("secret=").size();
    shown.replace(begin, std::min(shown.find('&', begin), shown.size()) - begin, "***");
  }
  return shown;
}

bool ListenAt::is_loopback() const {
  return address.starts_with("127.") || address == "::1" || address == "0:0:0:0:0:0:0:1";
}

Result<ListenAt> parse_listen(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  const std::string example = "such as 127.0.0.1:7070 or [::1]:7070";
  if (colon == std::string::npos) return wrong("'" + text + "' has no port", example);
  ListenAt at{.address = text.substr(0, colon)};
  if (at.address.starts_with('[') && at.address.ends_with(']')) {
    at.address = at.address.substr(1, at.address.size() - 2);
  }
  if (at.address == "localhost") at.address = "127.0.0.1";
  const std::string port = text.substr(colon + 1);
  const auto read = std::from_chars(port.data(), port.data() + port.size(), at.port);
  if (read.ec != std::errc() || read.ptr != port.data() + port.size()) {
    return wrong("'" + port + "' is no port", example);
  }
  return at;
}

bool names_loopback(std::string_view authority) {
  const std::size_t scheme = authority.find("://");
  if (scheme != std::string_view::npos) authority.remove_prefix(scheme + 3);
  const std::size_t bracket = authority.find(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  const std::string_view host = authority.substr(0, colon);
  return host == "localhost" || host == "[::1]" ||
         (host.starts_with("127.") &&
          host.find_first_not_of("0123456789.") == std::string_view::npos);
}

}  // namespace godwit::service
