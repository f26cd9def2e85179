#include "sim/history.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace godwit::sim {
namespace {

constexpr const char* kVersion = "version";

std::string type_of(std::uint64_t number) { return "version/" + std::to_string(number); }

std::string told(const std::string& key, std::uint64_t number) {
  return key + " claims to be version " + std::to_string(number);
}

}  // namespace

std::string body_of(const Version& version) {
  std::string body;
  body.reserve(version.size + 16);
  for (std::uint64_t piece = 0; body.size() < version.size; ++piece) {
    std::array<char, 24> text{};
    std::snprintf(text.data(), text.size(), "%08llx.%06llx\n",
                  static_cast<unsigned long long>(version.number),
                  static_cast<unsigned long long>(piece));
    // The digits that differ come first, so that short bodies differ too.
    std::reverse(text.begin(), text.begin() + 8);
    body += text.data();
  }
  body.resize(version.size);
  return body;
}

Metadata metadata_of(const Version& version) {
  Metadata metadata;
  metadata.content_type = type_of(version.number);
  metadata.user[kVersion] = std::to_string(version.number);
  return metadata;
}

Version History::make_version(const std::string& key, Bytes size, WallTime modified) {
  Version version{.number = ++last_version_, .size = size, .modified = modified};
  versions_[key][version.number] = version;
  return version;
}

void History::source_has(const std::string& key, const Version& version) {
  changed_[key] = last_change_ = ++moment_;
  if (!source_.contains(key)) appeared_[key] = moment_;
  source_[key] = version;
}

void History::source_lost(const std::string& key) {
  source_.erase(key);
  changed_[key] = lost_[key] = last_change_ = ++moment_;
}

bool History::source_had_all_along(const std::string& key, std::uint64_t since) const {
  if (!source_.contains(key) || appeared_.at(key) > since) return false;
  const auto lost = lost_.find(key);
  return lost == lost_.end() || lost->second <= since;
}

bool History::source_is_unchanged(const std::string& key, std::uint64_t since) const {
  const auto changed = changed_.find(key);
  return changed == changed_.end() || changed->second <= since;
}

std::optional<std::uint64_t> History::claimed_version(const Metadata& metadata) {
  const auto named = metadata.user.find(kVersion);
  if (named == metadata.user.end()) return std::nullopt;
  std::uint64_t number = 0;
  std::from_chars(named->second.data(), named->second.data() + named->second.size(), number);
  return number;
}

std::optional<std::string> History::judge(const std::string& key, const Found& found,
                                          Times times) const {
  const auto known = versions_.find(key);
  if (known == versions_.end()) return key + " never was an object";
  const auto claimed = claimed_version(found.metadata);
  if (!claimed && forgiving_ && found.bytes.empty()) return std::nullopt;
  if (!claimed) return key + " has lost its metadata";
  const auto version = known->second.find(*claimed);
  if (version == known->second.end()) return told(key, *claimed) + ", which there never was";
  if (found.metadata.content_type != type_of(*claimed)) {
    return told(key, *claimed) + ", but its type is of another";
  }
  if (found.bytes.size() != version->second.size) {
    return told(key, *claimed) + ", but has " + std::to_string(found.bytes.size()) +
           " bytes instead of " + std::to_string(version->second.size);
  }
  if (times == Times::kept && !forgiving_ && found.modified != version->second.modified) {
    return told(key, *claimed) + ", but has the time of another";
  }
  const std::string body = body_of(version->second);
  if (found.bytes == body) return std::nullopt;
  std::size_t at = 0;
  while (found.bytes[at] == body[at]) ++at;
  return told(key, *claimed) + ", but differs from byte " + std::to_string(at) + " on";
}

void Acknowledged::put_done(const std::string& key, std::optional<std::uint64_t> version) {
  put_[key] = version.value_or(0);
}

void Acknowledged::remove_begins(const std::string& key) { put_.erase(key); }
void Acknowledged::forget(const std::string& key) { put_.erase(key); }

std::vector<std::string> Acknowledged::missing_in(const Contents& target) const {
  std::vector<std::string> missing;
  for (const auto& [key, version] : put_) {
    const auto found = target.find(key);
    if (found == target.end()) {
      missing.push_back(key + " was acknowledged and is lost");
      continue;
    }
    const auto held = History::claimed_version(found->second.metadata);
    if (held && *held < version) {
      missing.push_back(key + " is version " + std::to_string(*held) + ", acknowledged was " +
                        std::to_string(version));
    }
  }
  return missing;
}

std::string Parts::name_of(const Upload& upload) {
  return upload.key + " of version " + std::to_string(upload.version);
}

void Parts::next_run() {
  ++run_;
  for (auto& [id, upload] : uploads_) {
    counts_[name_of(upload)].may_be += upload.most_under_way;
    upload.under_way = upload.most_under_way = 0;
  }
}

void Parts::upload_begins(const std::string& id, const std::string& key, std::uint64_t version) {
  Upload upload{.key = key, .version = version, .done_in_run = {}};
  // What another upload of this version had already is sent again, all of it.
  for (auto& [other, sent] : uploads_) {
    if (sent.key != key || sent.version != version) continue;
    upload.done_in_run.insert(sent.done_in_run.begin(), sent.done_in_run.end());
  }
  uploads_[id] = std::move(upload);
}

void Parts::part_begins(const std::string& id) {
  Upload& upload = uploads_[id];
  upload.most_under_way = std::max(upload.most_under_way, ++upload.under_way);
}

void Parts::part_failed(const std::string& id) { --uploads_[id].under_way; }

void Parts::part_done(const std::string& id, std::uint32_t number) {
  Upload& upload = uploads_[id];
  --upload.under_way;
  const auto [place, first] = upload.done_in_run.try_emplace(number, run_);
  if (first || place->second == run_) return;
  ++counts_[name_of(upload)].sent_again;
  place->second = run_;
}

std::vector<std::string> Parts::sent_too_often() const {
  std::vector<std::string> objects;
  for (const auto& [object, count] : counts_) {
    if (count.sent_again <= count.may_be) continue;
    objects.push_back(std::to_string(count.sent_again) + " parts were sent again, " +
                      std::to_string(count.may_be) + " were under way: " + object);
  }
  return objects;
}

void Parts::upload_ends(const std::string& id) { uploads_.erase(id); }

}  // namespace godwit::sim
