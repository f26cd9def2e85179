#include "store/s3/s3_headers.h"

#include <openssl/evp.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "http/url.h"
#include "store/s3/s3_xml.h"

namespace godwit::s3 {
namespace {

constexpr std::string_view kUserPrefix = "x-amz-meta-";
constexpr std::string_view kModifiedHeader = "x-amz-meta-mtime";

using TextField = std::string Metadata::*;
/// Header name (as SigV4 wants it) and where it is kept.
constexpr std::array<std::pair<std::string_view, TextField>, 7> kFields = {{
    {"content-type", &Metadata::content_type},
    {"cache-control", &Metadata::cache_control},
    {"content-disposition", &Metadata::content_disposition},
    {"content-encoding", &Metadata::content_encoding},
    {"content-language", &Metadata::content_language},
    {"expires", &Metadata::expires},
    {"x-amz-storage-class", &Metadata::storage_class},
}};

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

std::string decode_base64(std::string_view text) {
  std::string plain(text.size(), '\0');
  const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(plain.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
  if (length < 0) return std::string(text);
  const auto padding = static_cast<std::size_t>(std::ranges::count(text, '='));
  plain.resize(static_cast<std::size_t>(length) - std::min<std::size_t>(padding, 2));
  return plain;
}

/// "caf=C3=A9_au_lait", where '_' is a space. What is no escape stays as it is.
std::string decode_quoted(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const std::string_view digits = text.substr(i + 1, 2);
    const char* const last = digits.data() + digits.size();
    const bool escape = text[i] == '=' && digits.size() == 2 &&
                        std::from_chars(digits.data(), last, value, 16).ptr == last;
    if (escape) i += digits.size();
    plain += escape ? static_cast<char>(value) : text[i] == '_' ? ' ' : text[i];
  }
  return plain;
}

/// Values that are not plain ASCII come as "=?UTF-8?B?...?=" or "=?UTF-8?Q?...?=" (RFC 2047) from
/// AWS, and from Ceph where they are no UTF-8.
std::string decode_word(std::string_view value) {
  static constexpr std::string_view kStart = "=?UTF-8?";
  static constexpr std::string_view kEnd = "?=";
  constexpr std::size_t kCoding = 2;  // "B?" or "Q?"
  if (!value.starts_with(kStart) || !value.ends_with(kEnd)) return std::string(value);
  if (value.size() < kStart.size() + kCoding + kEnd.size()) return std::string(value);
  const std::string_view rest = value.substr(kStart.size());
  const std::string_view text = rest.substr(kCoding, rest.size() - kCoding - kEnd.size());
  if (rest.starts_with("B?")) return decode_base64(text);
  if (rest.starts_with("Q?")) return decode_quoted(text);
  return std::string(value);
}

std::string mtime_text(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch());
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%lld.%09lld", static_cast<long long>(seconds.count()),
                static_cast<long long>((time.time_since_epoch() - seconds).count()));
  return text.data();
}

}  // namespace

std::optional<Bytes> to_size(std::string_view text) {
  Bytes number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc() || end != last) return std::nullopt;
  return number;
}

void add_metadata(http::Headers& headers, const PutOptions& options, const Config& config) {
  const Metadata& metadata = options.metadata;
  for (const auto& [name, field] : kFields) {
    if (!(metadata.*field).empty()) headers.add(name, metadata.*field);
  }
  for (const auto& [name, value] : metadata.user) {
    headers.add(std::string(kUserPrefix) + name, value);
  }
  if (options.modified && !metadata.user.contains(kModifiedMetadata)) {
    headers.add(kModifiedHeader, mtime_text(*options.modified));
  }
  std::string tags;
  for (const auto& [name, value] : metadata.tags) {
    if (!tags.empty()) tags += '&';
    tags += http::uri_encode(name, http::Slash::encode) + "=" +
            http::uri_encode(value, http::Slash::encode);
  }
  if (!tags.empty()) headers.add("x-amz-tagging", std::move(tags));
  if (metadata.storage_class.empty() && !config.storage_class.empty()) {
    headers.add("x-amz-storage-class", config.storage_class);
  }
  if (!config.server_side_encryption.empty()) {
    headers.add("x-amz-server-side-encryption", config.server_side_encryption);
  }
  if (!config.kms_key_id.empty()) {
    headers.add("x-amz-server-side-encryption-aws-kms-key-id", config.kms_key_id);
  }
}

void add_condition(http::Headers& headers, const PutOptions& options) {
  switch (options.condition) {
    case Condition::none: break;
    case Condition::absent: headers.add("if-none-match", "*"); break;
    // Without quotes: AWS takes either form, Ceph RGW compares the bytes as they come.
    case Condition::matches: headers.add("if-match", options.etag); break;
  }
}

Result<ObjectInfo> read_info(const std::string& key, const http::Headers& headers) {
  ObjectInfo info;
  info.key = key;
  std::optional<Bytes> size;
  std::optional<WallTime> modified;
  for (const auto& [raw_name, value] : headers.fields()) {
    const std::string name = lower(raw_name);
    const auto field =
        std::ranges::find(kFields, name, &std::pair<std::string_view, TextField>::first);
    if (field != kFields.end()) {
      info.metadata.*(field->second) = value;
    } else if (name.starts_with(kUserPrefix)) {
      info.metadata.user[name.substr(kUserPrefix.size())] = decode_word(value);
    } else if (name == "etag") {
      info.etag = unquote(value);
    } else if (name == "last-modified") {
      modified = parse_http_date(value);
    } else if (name == "content-length" && !size) {
      size = to_size(value);
    } else if (name == "content-range") {
      // "bytes 0-9/100"
      const std::size_t slash = value.find('/');
      if (slash != std::string::npos) size = to_size(std::string_view(value).substr(slash + 1));
    }
  }
  if (!size) return fail(Code::corrupted, "the service told no length");
  if (!modified) return fail(Code::corrupted, "the service told no time of the last change");
  info.size = *size;
  info.modified = *modified;
  return info;
}

unsigned tag_count(const http::Headers& headers) {
  return static_cast<unsigned>(
      to_size(headers.find("x-amz-tagging-count").value_or("0")).value_or(0));
}

}  // namespace godwit::s3
