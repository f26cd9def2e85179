#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "version/builtin_mergers.h"
#include "version/json_text.h"

namespace godwit {
namespace {

using Json = nlohmann::json;
using Pointer = Json::json_pointer;
/// By JSON pointer: the versions of values that are older than their document.
using Stamps = std::map<std::string, Version>;

/// One side: its members, and of which version each value is.
class Document {
 public:
  [[nodiscard]] static Result<Document> read(const MergeSide& side);

  [[nodiscard]] const Json& members() const { return members_; }
  [[nodiscard]] const Version& version() const { return version_; }
  [[nodiscard]] const Version& version_at(const Pointer& place) const {
    const auto found = stamps_.find(place.to_string());
    return found == stamps_.end() ? version_ : found->second;
  }

 private:
  explicit Document(Version version) : version_(std::move(version)) {}

  Json members_;
  Version version_;
  Stamps stamps_;
};

std::unexpected<Error> no_stamps() {
  return fail(Error(Code::invalid_argument,
                    "the member '" + std::string(kJsonStamps) + "' is not as merging writes it")
                  .with_hint("the name is reserved; leave the member out"));
}

Result<void> read_places(const Json& places, const Version& version, Stamps& stamps) {
  if (!places.is_array()) return no_stamps();
  for (const Json& place : places) {
    const auto* pointer = place.get_ptr<const std::string*>();
    if (pointer == nullptr || !stamps.emplace(*pointer, version).second) return no_stamps();
  }
  return {};
}

/// Nothing when the note is of another version than `document`: somebody has written since.
Result<Stamps> read_stamps(const Json& note, const Version& document) {
  if (!note.is_object() || note.size() != 2 || !note.contains("of") || !note.contains("older")) {
    return no_stamps();
  }
  const auto* of = note["of"].get_ptr<const std::string*>();
  if (of == nullptr || !Version::parse(*of) || !note["older"].is_object()) return no_stamps();
  Stamps stamps;
  for (const auto& [text, places] : note["older"].items()) {
    const Result<Version> version = Version::parse(text);
    // Texts of versions sort as versions do only within a region.
    if (!version || *version >= *Version::parse(*of)) return no_stamps();
    GODWIT_CHECK(read_places(places, *version, stamps));
  }
  if (*of != document.to_text()) stamps.clear();
  return stamps;
}

Result<Document> Document::read(const MergeSide& side) {
  Document document(side.version);
  GODWIT_TRY(document.members_, parse_json(side.body));
  if (!document.members_.is_object()) return fail(Code::invalid_argument, "not a JSON object");
  const auto note = document.members_.find(kJsonStamps);
  if (note == document.members_.end()) return document;
  GODWIT_TRY(document.stamps_, read_stamps(*note, side.version));
  document.members_.erase(note);
  return document;
}

/// Merges two documents, and notes what is older than the newer one.
class Join {
 public:
  Join(const Document& ours, const Document& theirs)
      : ours_(ours), theirs_(theirs), newest_(std::max(ours.version(), theirs.version())) {}

  [[nodiscard]] Json run() {
    Json merged = objects(ours_.members(), theirs_.members(), Pointer());
    if (older_.empty()) return merged;
    merged[kJsonStamps] = {{"of", newest_.to_text()}, {"older", older_}};
    return merged;
  }

 private:
  Json objects(const Json& ours, const Json& theirs, const Pointer& place) {
    Json merged = Json::object();
    for (const auto& [name, value] : ours.items()) {
      const auto other = theirs.find(name);
      merged[name] = other == theirs.end() ? taken(ours_, value, place / name)
                                           : values(value, *other, place / name);
    }
    for (const auto& [name, value] : theirs.items()) {
      if (!ours.contains(name)) merged[name] = taken(theirs_, value, place / name);
    }
    return merged;
  }

  Json values(const Json& ours, const Json& theirs, const Pointer& place) {
    if (ours.is_object() && theirs.is_object()) return objects(ours, theirs, place);
    if (ours.is_object()) return taken(ours_, ours, place);
    if (theirs.is_object()) return taken(theirs_, theirs, place);
    const bool ours_wins = std::pair(ours_.version_at(place), ours.dump()) >=
                           std::pair(theirs_.version_at(place), theirs.dump());
    return ours_wins ? taken(ours_, ours, place) : taken(theirs_, theirs, place);
  }

  /// `value` of one side as it is.
  Json taken(const Document& side, const Json& value, const Pointer& place) {
    if (value.is_object()) {
      for (const auto& [name, member] : value.items()) (void)taken(side, member, place / name);
      return value;
    }
    const Version& version = side.version_at(place);
    if (version < newest_) older_[version.to_text()].insert(place.to_string());
    return value;
  }

  const Document& ours_;
  const Document& theirs_;
  Version newest_;
  std::map<std::string, std::set<std::string>> older_;
};

}  // namespace

Result<std::string> merge_json(const MergeInput& input) {
  GODWIT_TRY(const Document ours, Document::read(input.ours));
  GODWIT_TRY(const Document theirs, Document::read(input.theirs));
  return Join(ours, theirs).run().dump();
}

}  // namespace godwit
