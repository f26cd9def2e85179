#include "http/url.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace godwit::http {
namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

constexpr std::string_view kNameCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
/// Of IPv6, with a zone.
constexpr std::string_view kAddressCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:.%";

constexpr std::array<bool, 256> kUnreserved = [] {
  std::array<bool, 256> table{};
  for (const char c : kNameCharacters) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

std::unexpected<Error> bad_url(std::string_view text, std::string_view why) {
  return fail(Code::invalid_argument, "'" + std::string(text) + "': " + std::string(why));
}

std::uint16_t default_port(Scheme scheme) {
  return scheme == Scheme::http ? kHttpPort : kHttpsPort;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<void> parse_authority(std::string_view whole, std::string_view authority,
                             Endpoint& endpoint) {
  if (authority.find('@') != std::string_view::npos) {
    return bad_url("http(s) URL", "user names and passwords do not belong in a URL");
  }
  std::size_t colon = authority.rfind(':');
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return bad_url(whole, "'[' without ']'");
    endpoint.host = authority.substr(1, close - 1);
    colon = close + 1 < authority.size() ? close + 1 : std::string_view::npos;
    if (colon != std::string_view::npos && authority[colon] != ':') {
      return bad_url(whole, "what follows ']' is no port");
    }
  } else {
    endpoint.host = authority.substr(0, colon);
  }
  if (endpoint.host.empty()) return bad_url(whole, "the host is missing");
  const bool bracketed = authority.starts_with('[');
  const std::string_view allowed = bracketed ? kAddressCharacters : kNameCharacters;
  const bool is_host = endpoint.host.find_first_not_of(allowed) == std::string::npos &&
                       (endpoint.host.find(':') != std::string::npos) == bracketed;
  if (!is_host) {
    return bad_url(whole, "the host is neither a name nor an address");
  }
  endpoint.port = default_port(endpoint.scheme);
  if (colon == std::string_view::npos) return {};
  const std::string_view port = authority.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
  if (error != std::errc() || end != port.data() + port.size() || endpoint.port == 0) {
    return bad_url(whole, "'" + std::string(port) + "' is no port");
  }
  return {};
}

}  // namespace

std::string Endpoint::authority() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != default_port(scheme)) text += ":" + std::to_string(port);
  return text;
}

std::string Endpoint::to_string() const {
  return (scheme == Scheme::http ? "http://" : "https://") + authority();
}

Result<Url> parse_url(std::string_view text) {
  Url url;
  std::string_view rest = text;
  if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else if (rest.starts_with("https://")) {
    url.endpoint.scheme = Scheme::https;
    rest.remove_prefix(8);
  } else {
    return bad_url(text, "it must begin with http:// or https://");
  }
  const bool printable = std::ranges::all_of(rest, [](char c) { return c > ' ' && c != 0x7f; });
  if (!printable) return bad_url("URL", "it has a space or a control character in it");
  const std::size_t path = std::min(rest.find_first_of("/?#"), rest.size());
  GODWIT_CHECK(parse_authority(text, rest.substr(0, path), url.endpoint));
  url.target = rest.substr(path, rest.find('#', path) - path);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  return url;
}

std::string uri_encode(std::string_view text, Slash slash) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size() + 8);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (kUnreserved[byte] || (c == '/' && slash == Slash::keep)) {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kDigits[byte >> 4];
      encoded += kDigits[byte & 15];
    }
  }
  return encoded;
}

Result<std::string> uri_decode(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain += text[i];
      continue;
    }
    const int high = i + 2 <= text.size() - 1 ? hex_value(text[i + 1]) : -1;
    const int low = i + 2 <= text.size() - 1 ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) return bad_url(text, "a '%' that begins no escape");
    plain += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return plain;
}

}  // namespace godwit::http
