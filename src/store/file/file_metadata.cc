#include "store/file/file_metadata.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "store/etag.h"
#include "store/file/file_key.h"

namespace godwit::file {
namespace {

constexpr int kFormat = 1;

using Field = std::pair<const char*, std::string Metadata::*>;
constexpr std::array<Field, 7> kFields = {{{"content_type", &Metadata::content_type},
                                           {"cache_control", &Metadata::cache_control},
                                           {"content_disposition", &Metadata::content_disposition},
                                           {"content_encoding", &Metadata::content_encoding},
                                           {"content_language", &Metadata::content_language},
                                           {"expires", &Metadata::expires},
                                           {"storage_class", &Metadata::storage_class}}};

/// Each byte as the character of its number.
std::string widen(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xC0 | (byte >> 6));
      text += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return text;
}

std::string narrow(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80 || i + 1 == text.size()) {
      bytes += text[i];
    } else {
      bytes += static_cast<char>((byte << 6) | (static_cast<unsigned char>(text[++i]) & 0x3F));
    }
  }
  return bytes;
}

bool all_utf8(const Record& record) {
  const auto both = [](const auto& pair) { return is_utf8(pair.first) && is_utf8(pair.second); };
  const Metadata& metadata = record.metadata;
  return is_utf8(record.content_etag) && std::ranges::all_of(metadata.user, both) &&
         std::ranges::all_of(metadata.tags, both) &&
         std::ranges::all_of(kFields, [&](const Field& f) { return is_utf8(metadata.*f.second); });
}

}  // namespace

bool worth_keeping(const Record& record) {
  return !(record.metadata == Metadata{}) || !record.content_etag.empty() || record.synced;
}

std::string encode(const Record& record) {
  nlohmann::json json = {{"format", kFormat},
                         {"size", record.size},
                         {"modified", record.modified.time_since_epoch().count()}};
  // JSON holds text. Values with other bytes are kept byte by byte.
  const bool bytes = !all_utf8(record);
  if (bytes) json["bytes"] = true;
  const auto text = [bytes](const std::string& value) { return bytes ? widen(value) : value; };
  if (record.synced) json["synced"] = true;
  if (!record.content_etag.empty()) json["etag"] = text(record.content_etag);
  for (const auto& [name, field] : kFields) {
    if (!(record.metadata.*field).empty()) json[name] = text(record.metadata.*field);
  }
  for (const auto& [name, value] : record.metadata.user) json["user"][text(name)] = text(value);
  for (const auto& [name, value] : record.metadata.tags) json["tags"][text(name)] = text(value);
  return json.dump();
}

std::optional<Record> decode(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  try {
    if (json.value("format", 0) != kFormat) return std::nullopt;
    const bool bytes = json.value("bytes", false);
    const auto value_of = [bytes](const std::string& kept) { return bytes ? narrow(kept) : kept; };
    Record record;
    record.size = json.value("size", Bytes{0});
    record.modified = WallTime(Duration(json.value("modified", Duration::rep{0})));
    record.synced = json.value("synced", false);
    record.content_etag = value_of(json.value("etag", ""));
    for (const auto& [name, field] : kFields) {
      record.metadata.*field = value_of(json.value(name, ""));
    }
    using Map = std::map<std::string, std::string>;
    for (const auto& [name, value] : json.value("user", Map())) {
      record.metadata.user[value_of(name)] = value_of(value);
    }
    for (const auto& [name, value] : json.value("tags", Map())) {
      record.metadata.tags[value_of(name)] = value_of(value);
    }
    return record;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

std::string etag_of(const FileStat& stat, const Record* record, Trust trust) {
  if (trust == Trust::in_doubt) return std::string(kDoubtful) + etag_of(stat, nullptr);
  const bool holds = record != nullptr && !record->content_etag.empty() &&
                     record->size == stat.size && record->modified == stat.modified;
  if (holds) return record->content_etag;
  std::array<char, 80> text{};
  std::snprintf(text.data(), text.size(), "f-%llx-%llx-%llx",
                static_cast<unsigned long long>(stat.size),
                static_cast<unsigned long long>(stat.modified.time_since_epoch().count()),
                static_cast<unsigned long long>(stat.inode));
  return text.data();
}

}  // namespace godwit::file
