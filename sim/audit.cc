#include "sim/audit.h"

#include <algorithm>
#include <utility>

namespace godwit::sim {
namespace {

using transfer::EventKind;
using transfer::Extra;
using transfer::VerifyLevel;
using transfer::VerifySummary;

enum class Truth : std::uint8_t { same, missing, extra, different, metadata_only };

/// One audit, judged.
class Judge {
 public:
  Judge(const Audit& audit, const Sides& sides, const Known& known)
      : audit_(audit), sides_(sides), known_(known) {}

  std::vector<std::string> run() {
    if (!audit_.mends && !audit_.written.empty())
      broken("a verify wrote " + *audit_.written.begin());
    std::set<std::string> keys;
    for (const auto& [key, found] : sides_.source) keys.insert(key);
    for (const auto& [key, found] : sides_.target) keys.insert(key);
    for (const std::string& key : keys) {
      if (known_.unchanged(key)) check(key);
    }
    for (const std::string& key : audit_.written) check_written(key);
    if (audit_.summary) check_counts(audit_.summary->found);
    return std::move(broken_);
  }

 private:
  void broken(std::string what) { broken_.push_back(std::move(what)); }

  [[nodiscard]] static const Found* find(const Contents& contents, const std::string& key) {
    const auto found = contents.find(key);
    return found == contents.end() ? nullptr : &found->second;
  }

  [[nodiscard]] Truth truth_of(const std::string& key) const {
    const Found* source = find(sides_.source, key);
    const Found* target = find(sides_.target, key);
    if (target == nullptr) return Truth::missing;
    if (source == nullptr) return Truth::extra;
    if (source->bytes != target->bytes) return Truth::different;
    return source->metadata == target->metadata ? Truth::same : Truth::metadata_only;
  }

  [[nodiscard]] bool in_doubt(const std::string& key) const {
    const Found* target = find(sides_.target, key);
    return target != nullptr && target->doubtful;
  }

  /// Whether an audit at this level can see it.
  [[nodiscard]] bool shows(const std::string& key, Truth truth) const {
    switch (truth) {
      case Truth::same: return false;
      case Truth::missing:
      case Truth::extra: return true;
      case Truth::metadata_only: return audit_.level != VerifyLevel::listing;
      case Truth::different: break;
    }
    if (audit_.level == VerifyLevel::content) return true;
    if (sides_.source.at(key).bytes.size() != sides_.target.at(key).bytes.size()) return true;
    if (known_.rotten(key)) return false;
    return audit_.level == VerifyLevel::checksum || known_.tokens;
  }

  /// Whether all was looked at, by what it says itself.
  [[nodiscard]] bool complete() const {
    if (!audit_.summary) return false;
    const VerifySummary& found = audit_.summary->found;
    return !found.listing_error && !found.interrupted;
  }

  [[nodiscard]] bool done() const {
    return complete() && audit_.mends && audit_.summary->progress.failed == 0 &&
           audit_.summary->progress.delete_failed == 0 && !audit_.summary->delete_refused;
  }

  void check(const std::string& key) {
    const Truth truth = truth_of(key);
    const auto [first, last] = audit_.named.equal_range(key);
    if (first != last && std::next(first) != last) broken(key + " is in two classes");
    const bool doubt = audit_.level == VerifyLevel::listing && in_doubt(key);
    if (complete() && first == last && (shows(key, truth) || doubt)) {
      broken(key + " differs, and no word of it");
    }
    if (first != last && !fits(first->second, truth, doubt)) {
      broken(key + " is called " + std::string(to_string(first->second)) + ", and is not");
    }
    check_after(key, truth, first != last);
  }

  [[nodiscard]] bool fits(EventKind named, Truth truth, bool doubt) const {
    switch (named) {
      case EventKind::missing: return truth == Truth::missing;
      case EventKind::extra: return truth == Truth::extra;
      case EventKind::metadata_only: return truth == Truth::metadata_only;
      case EventKind::different: return truth == Truth::different || audit_.flips;
      case EventKind::doubtful: return doubt;
      default: return !audit_.quiet;
    }
  }

  void check_after(const std::string& key, Truth truth, bool named) {
    const Found* before = find(sides_.target, key);
    const Found* after = find(sides_.after, key);
    const bool untouched = (before == nullptr) == (after == nullptr) &&
                           (before == nullptr || is_same(*before, *after));
    if (truth == Truth::extra) {
      const bool goes = audit_.mends && audit_.extra == Extra::remove;
      if (goes && done() && after != nullptr) broken(key + " was to be removed, and is there");
      if (!goes && !untouched) broken(key + " was not to be removed, and has changed");
      return;
    }
    if (!named && !untouched && complete()) broken(key + " was the same, and has changed");
    const Found* source = find(sides_.source, key);
    if (done() && named && (after == nullptr || !is_same(*after, *source))) {
      broken(key + " was mended, they say, and is not as at the source");
    }
  }

  static bool is_same(const Found& a, const Found& b) {
    return a.bytes == b.bytes && a.metadata == b.metadata;
  }

  void check_written(const std::string& key) {
    if (!audit_.named.contains(key)) broken(key + " was written, and nothing was said against it");
    const bool once = audit_.written.count(key) == 1;
    if (audit_.quiet && !once) broken(key + " was written more than once");
  }

  void check_counts(const VerifySummary& found) {
    const std::uint64_t bad = found.missing + found.extra + found.different + found.doubtful +
                              found.metadata_only + found.unreadable;
    if (bad != audit_.named.size()) broken("not as many are counted as are named");
    if (complete() && found.same + found.unproven + bad != found.total) {
      broken("the classes do not add up");
    }
    if (complete() && found.clean() != (bad == 0)) broken("clean, with what was found");
    if (audit_.quiet && !complete()) broken("a quiet world, and it could not look at all");
    if (audit_.quiet && audit_.summary->progress.failed > 0) broken("a quiet world, and it failed");
    if (audit_.quiet && done()) check_bytes();
  }

  void check_bytes() {
    Bytes due = 0;
    for (const std::string& key : audit_.written) due += sides_.source.at(key).bytes.size();
    if (audit_.summary->progress.bytes != due)
      broken("other bytes moved than those of bad objects");
  }

  const Audit& audit_;
  const Sides& sides_;
  const Known& known_;
  std::vector<std::string> broken_;
};

}  // namespace

bool is_class(EventKind kind) {
  return kind == EventKind::missing || kind == EventKind::extra || kind == EventKind::different ||
         kind == EventKind::doubtful || kind == EventKind::metadata_only ||
         kind == EventKind::unreadable;
}

std::vector<std::string> judge(const Audit& audit, const Sides& sides, const Known& known) {
  return Judge(audit, sides, known).run();
}

std::vector<std::string> judge(const Sweep& sweep,
                               const std::function<bool(const UploadId&)>& ended) {
  std::vector<std::string> broken;
  for (const UploadId& upload : sweep.before) {
    const bool there =
        std::ranges::find(sweep.after, upload.id, &UploadId::id) != sweep.after.end();
    const std::string name = "the upload " + upload.id + " of " + upload.key;
    const bool old = upload.started <= sweep.surely_old;
    const bool young = upload.started > sweep.surely_young;
    if (!there && ended(upload)) continue;
    if (!there && (young || sweep.run == transfer::Run::dry)) broken.push_back(name + " is gone");
    const bool said = sweep.summary && sweep.summary->failed == 0;
    if (there && old && said && sweep.run == transfer::Run::real) {
      broken.push_back(name + " is old, and is there");
    }
  }
  return broken;
}

}  // namespace godwit::sim
