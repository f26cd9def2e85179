#include "version/merge.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/suggest.h"
#include "version/builtin_mergers.h"

namespace godwit {
namespace {

Result<void> check_size(const std::string& body, std::string_view whose) {
  if (body.size() <= kLargestMergeBody) return {};
  return fail(Code::limit_exceeded, std::string(whose) + " has " + format_bytes(body.size()) +
                                        "; at most " + format_bytes(kLargestMergeBody) +
                                        " are merged");
}

/// What was made of some samples: a body with its version, or nothing more once it was refused.
struct Made {
  std::optional<MergeSide> side;
  std::string text;  // the body, or the error
  bool operator==(const Made& other) const {
    return side.has_value() == other.side.has_value() && (!side || text == other.text);
  }
};

/// Tries a merger's laws on samples.
class Trial {
 public:
  Trial(const Merger& merger, const std::string& content_type)
      : merger_(merger), content_type_(content_type) {}

  [[nodiscard]] std::optional<BrokenLaw> pair(const MergeSide& a, const MergeSide& b) const {
    const Made both = merged(made(a), made(b));
    const Made mirrored = merged(made(b), made(a));
    if (both != mirrored) return broken(MergeLaw::commutative, {a, b}, both, mirrored);
    if (!both.side) return std::nullopt;
    for (const MergeSide& part : {a, b}) {
      const Made again = merged(both, made(part));
      if (again != both) return broken(MergeLaw::idempotent, {a, b}, both, again);
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<BrokenLaw> triple(const MergeSide& a, const MergeSide& b,
                                                const MergeSide& c) const {
    const Made left_first = merged(merged(made(a), made(b)), made(c));
    const Made right_first = merged(made(a), merged(made(b), made(c)));
    if (left_first == right_first) return std::nullopt;
    return broken(MergeLaw::associative, {a, b, c}, left_first, right_first);
  }

 private:
  static Made made(const MergeSide& side) { return {side, side.body}; }
  static BrokenLaw broken(MergeLaw law, std::vector<MergeSide> on, const Made& one,
                          const Made& other) {
    return {.law = law, .on = std::move(on), .one = one.text, .other = other.text};
  }
  [[nodiscard]] Made merged(const Made& ours, const Made& theirs) const {
    if (!ours.side || !theirs.side) return ours.side ? theirs : ours;
    Result<std::string> body = call_merger(merger_, {*ours.side, *theirs.side, content_type_});
    if (!body) return {std::nullopt, body.error().to_string()};
    return {MergeSide{*body, std::max(ours.side->version, theirs.side->version)}, *body};
  }

  const Merger& merger_;
  const std::string& content_type_;
};

}  // namespace

Result<std::string> call_merger(const Merger& merger, const MergeInput& input) {
  GODWIT_CHECK(check_size(input.ours.body, "our body"));
  GODWIT_CHECK(check_size(input.theirs.body, "their body"));
  // A callback is the user's: its exceptions end here, as a refusal.
  try {
    GODWIT_TRY(std::string body, merger(input));
    GODWIT_CHECK(check_size(body, "what was merged"));
    return body;
  } catch (const std::exception& thrown) {
    return fail(Code::invalid_argument, std::string("the merger threw: ") + thrown.what());
  } catch (...) {
    return fail(Code::invalid_argument, "the merger threw");
  }
}

Mergers::Mergers()
    : mergers_{{"counter", merge_counters},
               {"json", merge_json},
               {"max", merge_max},
               {"min", merge_min},
               {"set", merge_sets}} {}

Result<void> Mergers::add(const std::string& name, Merger merger) {
  if (name.empty() || !merger) {
    return fail(Code::invalid_argument, "a merger needs a name and a function");
  }
  if (mergers_.emplace(name, std::move(merger)).second) return {};
  return fail(Code::precondition_failed, "there is a merger '" + name + "' already");
}

Result<Merger> Mergers::find(std::string_view name) const {
  const auto found = mergers_.find(name);
  if (found == mergers_.end()) {
    return fail(Error(Code::invalid_argument, "'" + std::string(name) + "' is no merger")
                    .with_hint(suggest(name, names())));
  }
  return [merger = found->second](const MergeInput& input) { return call_merger(merger, input); };
}

std::vector<std::string> Mergers::names() const {
  std::vector<std::string> names;
  names.reserve(mergers_.size());
  for (const auto& [name, merger] : mergers_) names.push_back(name);
  return names;
}

std::string_view to_string(MergeLaw law) {
  switch (law) {
    case MergeLaw::commutative: return "commutative";
    case MergeLaw::associative: return "associative";
    case MergeLaw::idempotent: return "idempotent";
  }
  std::unreachable();
}

std::optional<BrokenLaw> check_merger(const Merger& merger, const std::vector<MergeSide>& samples,
                                      const std::string& content_type) {
  const Trial trial(merger, content_type);
  const std::size_t count = std::min(samples.size(), kMostMergeSamples);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 0; j < count; ++j) {
      if (auto broken = trial.pair(samples[i], samples[j])) return broken;
    }
  }
  for (std::size_t i = 0; i < count * count * count; ++i) {
    const MergeSide& a = samples[i / (count * count)];
    const MergeSide& b = samples[i / count % count];
    if (auto broken = trial.triple(a, b, samples[i % count])) return broken;
  }
  return std::nullopt;
}

}  // namespace godwit
