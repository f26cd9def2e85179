#include "store/file/file_metadata.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <string_view>

#include "base/packing.h"
#include "store/etag.h"
#include "store/file/file_key.h"

namespace godwit::file {
namespace {

constexpr std::uint64_t kFormat = 2;

// What a record has, as bits of a number.
constexpr std::uint64_t kSynced = 1;
constexpr std::uint64_t kContentEtag = 2;
constexpr unsigned kFirstField = 2;  // the bit of kFields[0]

constexpr std::array kFields = {&Metadata::content_type,        &Metadata::cache_control,
                                &Metadata::content_disposition, &Metadata::content_encoding,
                                &Metadata::content_language,    &Metadata::expires,
                                &Metadata::storage_class};

/// A name of metadata that every object of a replicated store has: one byte in its stead lets the
/// record of most of them fit into their inode.
constexpr std::string_view kFrequentName = "godwit-version";
constexpr char kFrequent = 1;
/// In front of a name that begins like a short one.
constexpr char kEscape = 0;

std::string shortened(const std::string& name) {
  if (name == kFrequentName) return {kFrequent};
  const bool ambiguous = name.starts_with(kFrequent) || name.starts_with(kEscape);
  return ambiguous ? kEscape + name : name;
}

std::string lengthened(const std::string& name) {
  if (name.starts_with(kFrequent)) return std::string(kFrequentName);
  return name.starts_with(kEscape) ? name.substr(1) : name;
}

using Names = std::map<std::string, std::string>;

Names with_names(const Names& pairs, std::string (*changed)(const std::string& name)) {
  Names all;
  for (const auto& [name, value] : pairs) all[changed(name)] = value;
  return all;
}

std::uint64_t contents_of(const Record& record) {
  std::uint64_t contents = record.synced ? kSynced : 0;
  if (!record.content_etag.empty()) contents |= kContentEtag;
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    if (!(record.metadata.*kFields[i]).empty()) contents |= std::uint64_t{1} << (kFirstField + i);
  }
  return contents;
}

}  // namespace

bool worth_keeping(const Record& record) {
  return !(record.metadata == Metadata{}) || !record.content_etag.empty() || record.synced;
}

std::string encode(const Record& record) {
  Packer packer;
  packer.add(kFormat);
  packer.add(contents_of(record));
  packer.add(record.size);
  packer.add(static_cast<std::uint64_t>(record.modified.time_since_epoch().count()));
  if (!record.content_etag.empty()) packer.add(std::string_view(record.content_etag));
  for (const auto field : kFields) {
    const std::string& value = record.metadata.*field;
    if (!value.empty()) packer.add(std::string_view(value));
  }
  packer.add(with_names(record.metadata.user, shortened));
  packer.add(with_names(record.metadata.tags, shortened));
  return packer.take();
}

std::optional<Record> decode(const std::string& packed) {
  Unpacker from(packed);
  if (from.number() != kFormat) return std::nullopt;
  const std::uint64_t contents = from.number();
  Record record{.synced = (contents & kSynced) != 0};
  record.size = from.number();
  record.modified = WallTime(Duration(static_cast<Duration::rep>(from.number())));
  if ((contents & kContentEtag) != 0) record.content_etag = from.text();
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    const bool has = (contents >> (kFirstField + i) & 1) != 0;
    if (has) record.metadata.*kFields[i] = from.text();
  }
  record.metadata.user = with_names(from.pairs(), lengthened);
  record.metadata.tags = with_names(from.pairs(), lengthened);
  if (!from.whole()) return std::nullopt;
  return record;
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
