#include "store/file/file_metadata.h"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

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

}  // namespace

bool worth_keeping(const Record& record) {
  return !(record.metadata == Metadata{}) || !record.content_etag.empty();
}

std::string encode(const Record& record) {
  nlohmann::json json = {{"format", kFormat},
                         {"size", record.size},
                         {"modified", record.modified.time_since_epoch().count()}};
  if (!record.content_etag.empty()) json["etag"] = record.content_etag;
  for (const auto& [name, field] : kFields) {
    if (!(record.metadata.*field).empty()) json[name] = record.metadata.*field;
  }
  if (!record.metadata.user.empty()) json["user"] = record.metadata.user;
  if (!record.metadata.tags.empty()) json["tags"] = record.metadata.tags;
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::optional<Record> decode(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  try {
    if (json.value("format", 0) != kFormat) return std::nullopt;
    Record record;
    record.size = json.value("size", Bytes{0});
    record.modified = WallTime(Duration(json.value("modified", Duration::rep{0})));
    record.content_etag = json.value("etag", "");
    for (const auto& [name, field] : kFields) record.metadata.*field = json.value(name, "");
    if (json.contains("user")) json.at("user").get_to(record.metadata.user);
    if (json.contains("tags")) json.at("tags").get_to(record.metadata.tags);
    return record;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

std::string etag_of(const FileStat& stat, const Record* record) {
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
