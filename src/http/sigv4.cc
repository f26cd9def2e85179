#include "http/sigv4.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace godwit::http {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

/// Spaces around a value go, runs of spaces inside become one.
void append_trimmed(std::string& to, std::string_view value) {
  const std::size_t first = value.find_first_not_of(' ');
  if (first == std::string_view::npos) return;
  value = value.substr(first, value.find_last_not_of(' ') - first + 1);
  char previous = 0;
  for (const char c : value) {
    if (c != ' ' || previous != ' ') to += c;
    previous = c;
  }
}

void append_query(std::string& to, std::string_view query) {
  std::vector<Pair> items;
  while (!query.empty()) {
    const std::string_view item = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), item.size() + 1));
    if (item.empty()) continue;
    const std::size_t equals = item.find('=');
    items.emplace_back(item.substr(0, equals),
                       equals == std::string_view::npos ? "" : item.substr(equals + 1));
  }
  std::ranges::sort(items);
  bool first = true;
  for (const auto& [name, value] : items) {
    if (!std::exchange(first, false)) to += '&';
    to.append(name).append("=").append(value);
  }
}

}  // namespace

std::string amz_date(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%04d%02u%02uT%02d%02d%02dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text.data();
}

std::string canonical_request(const SigningInput& input, std::string& signed_headers) {
  std::string text;
  text.reserve(512);
  text.append(input.method).append("\n").append(input.path).append("\n");
  append_query(text, input.query);
  text += '\n';
  std::vector<Pair> headers = input.headers;
  std::ranges::stable_sort(headers, {}, &Pair::first);
  for (std::size_t i = 0; i < headers.size(); ++i) {
    // Fields of one name are one line, in their order.
    const bool again = i > 0 && headers[i].first == headers[i - 1].first;
    if (again) {
      text.back() = ',';
    } else {
      text.append(headers[i].first).append(":");
      if (!signed_headers.empty()) signed_headers += ';';
      signed_headers.append(headers[i].first);
    }
    append_trimmed(text, headers[i].second);
    text += '\n';
  }
  text.append("\n").append(signed_headers).append("\n").append(input.payload_hash);
  return text;
}

const Sha256Digest& Signer::key_for(const Credentials& credentials, std::string_view date) {
  if (key_date_ == date && key_secret_ == credentials.secret_key) return key_;
  key_date_ = date;
  key_secret_ = credentials.secret_key;
  const Sha256Digest day = hmac_sha256(as_bytes("AWS4" + key_secret_), as_bytes(date));
  const Sha256Digest region = hmac_sha256(day, as_bytes(region_));
  const Sha256Digest service = hmac_sha256(region, as_bytes(service_));
  key_ = hmac_sha256(service, as_bytes("aws4_request"));
  return key_;
}

std::string Signer::scope_of(std::string_view date) const {
  std::string scope(date);
  return scope.append("/").append(region_).append("/").append(service_).append("/aws4_request");
}

std::string Signer::authorization(const Credentials& credentials, const SigningInput& input) {
  std::string signed_headers;
  const std::string request = canonical_request(input, signed_headers);
  const std::string time = amz_date(input.time);
  const std::string_view date = std::string_view(time).substr(0, 8);
  const std::string scope = scope_of(date);
  std::string to_sign = "AWS4-HMAC-SHA256\n";
  to_sign.append(time).append("\n").append(scope).append("\n");
  to_sign += to_hex(sha256(as_bytes(request)));
  const Sha256Digest signature = hmac_sha256(key_for(credentials, date), as_bytes(to_sign));
  std::string header = "AWS4-HMAC-SHA256 Credential=";
  header.append(credentials.access_key).append("/").append(scope);
  header.append(", SignedHeaders=").append(signed_headers);
  header.append(", Signature=").append(to_hex(signature));
  return header;
}

ChunkSigner Signer::chunks(const Credentials& credentials, WallTime time,
                           std::string_view authorization) {
  static constexpr std::size_t kSignatureSize = 64;
  std::string written = amz_date(time);
  const std::string date = written.substr(0, 8);
  std::string seed(authorization.substr(authorization.size() - kSignatureSize));
  return {key_for(credentials, date), std::move(written), scope_of(date), std::move(seed)};
}

std::string ChunkSigner::sign(ByteSpan chunk) {
  static const std::string kEmpty = to_hex(sha256({}));
  std::string to_sign = "AWS4-HMAC-SHA256-PAYLOAD\n";
  to_sign.append(time_).append("\n").append(scope_).append("\n").append(previous_);
  to_sign.append("\n").append(kEmpty).append("\n").append(to_hex(sha256(chunk)));
  return chain(to_sign);
}

std::string ChunkSigner::sign_trailer(std::string_view trailer) {
  std::string to_sign = "AWS4-HMAC-SHA256-TRAILER\n";
  to_sign.append(time_).append("\n").append(scope_).append("\n").append(previous_);
  to_sign.append("\n").append(to_hex(sha256(as_bytes(trailer))));
  return chain(to_sign);
}

std::string ChunkSigner::chain(const std::string& to_sign) {
  previous_ = to_hex(hmac_sha256(key_, as_bytes(to_sign)));
  return previous_;
}

}  // namespace godwit::http
