#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "store/object.h"

namespace godwit::sim {

/// One state that an object had at the source (or that was planted at the target).
struct Version {
  std::uint64_t number = 0;
  Bytes size = 0;
  WallTime modified{};
};

/// What a store holds under one key, read back.
struct Found {
  std::string bytes;
  Metadata metadata;
  WallTime modified{};
  bool doubtful = false;  ///< the store says that a power loss may have spoiled it
  /// Empty versions are all alike: a sync does not compare metadata.
  bool operator==(const Found& other) const {
    return bytes == other.bytes && (bytes.empty() || metadata == other.metadata);
  }
};
using Contents = std::map<std::string, Found>;

/// The bytes of a version: no two versions of 8 bytes or more are alike.
[[nodiscard]] std::string body_of(const Version& version);
/// Metadata that tell which version they belong to, twice.
[[nodiscard]] Metadata metadata_of(const Version& version);

/// Whether a store keeps the time of what it is given.
enum class Times : std::uint8_t { kept, ignored };

/// All that ever happened to objects, in order, so that the oracles can say what may be where.
class History {
 public:
  /// A new version of `key`, which was never there before.
  Version make_version(const std::string& key, Bytes size, WallTime modified);
  /// The source holds it from now on / holds nothing there from now on.
  void source_has(const std::string& key, const Version& version);
  void source_lost(const std::string& key);

  /// Moments to look back from.
  [[nodiscard]] std::uint64_t now() const { return moment_; }
  [[nodiscard]] bool source_had_all_along(const std::string& key, std::uint64_t since) const;
  [[nodiscard]] bool source_is_unchanged(const std::string& key, std::uint64_t since) const;
  [[nodiscard]] bool changed_since(std::uint64_t since) const { return last_change_ > since; }
  [[nodiscard]] const std::map<std::string, Version>& source() const { return source_; }

  /// After a power loss in a store that never syncs: an empty object that lost its metadata cannot
  /// be told from a whole one, since a comparison looks at contents. Nor can times be told where a
  /// source keeps none.
  void forgive() { forgiving_ = true; }
  /// What is wrong with an object that was found: it is no version that there ever was.
  /// With `Times::kept` its time must be that of the version too.
  [[nodiscard]] std::optional<std::string> judge(const std::string& key, const Found& found,
                                                 Times times = Times::ignored) const;
  /// The version that the metadata of something found claim.
  [[nodiscard]] static std::optional<std::uint64_t> claimed_version(const Metadata& metadata);

 private:
  std::uint64_t moment_ = 0;
  std::uint64_t last_change_ = 0;
  std::uint64_t last_version_ = 0;
  bool forgiving_ = false;
  std::map<std::string, Version> source_;
  // Moments at which it happened last.
  std::map<std::string, std::uint64_t> changed_;
  std::map<std::string, std::uint64_t> appeared_;
  std::map<std::string, std::uint64_t> lost_;
  std::map<std::string, std::map<std::uint64_t, Version>> versions_;
};

/// What the target has answered to one process after another, to hold it to its word.
class Acknowledged {
 public:
  void put_done(const std::string& key, std::optional<std::uint64_t> version);
  void remove_begins(const std::string& key);
  /// Others changed the target: nothing is known of what came before.
  void forget(const std::string& key);

  /// Objects that were acknowledged and are not there, or are older than was acknowledged.
  [[nodiscard]] std::vector<std::string> missing_in(const Contents& target) const;

 private:
  std::map<std::string, std::uint64_t> put_;  // version, 0 where it is not known
};

/// Parts that were sent, to find those that are sent twice without need.
class Parts {
 public:
  void next_run();
  void upload_begins(const std::string& id, const std::string& key, std::uint64_t version);
  void part_begins(const std::string& id);
  void part_failed(const std::string& id);
  void part_done(const std::string& id, std::uint32_t number);
  /// Completed or aborted: what was sent counts no more.
  void upload_ends(const std::string& id);
  /// Objects of which more was sent again than was under way at once when earlier runs ended:
  /// a part may have arrived whose note was not written any more.
  [[nodiscard]] std::vector<std::string> sent_too_often() const;

 private:
  struct Upload {
    std::string key;
    std::uint64_t version = 0;
    std::map<std::uint32_t, std::uint64_t> done_in_run;
    std::uint64_t under_way = 0;
    std::uint64_t most_under_way = 0;  // in this run
  };
  struct Count {
    std::uint64_t sent_again = 0;
    std::uint64_t may_be = 0;
  };
  static std::string name_of(const Upload& upload);

  std::uint64_t run_ = 0;
  std::map<std::string, Upload> uploads_;
  std::map<std::string, Count> counts_;  // by object and version
};

}  // namespace godwit::sim
