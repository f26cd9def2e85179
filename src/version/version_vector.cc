#include "version/version_vector.h"

#include <algorithm>
#include <charconv>

#include "version/version.h"

namespace godwit {

std::uint64_t VersionVector::seen(const std::string& region) const {
  const auto found = counts_.find(region);
  return found == counts_.end() ? 0 : found->second;
}

std::uint64_t VersionVector::add(const std::string& region) { return ++counts_[region]; }

void VersionVector::merge(const VersionVector& other) {
  for (const auto& [region, count] : other.counts_) {
    std::uint64_t& own = counts_[region];
    own = std::max(own, count);
  }
}

Causality VersionVector::compare(const VersionVector& other) const {
  const auto lacks = [](const VersionVector& one, const VersionVector& two) {
    return std::ranges::any_of(
        two.counts_, [&one](const auto& count) { return one.seen(count.first) < count.second; });
  };
  const bool this_lacks = lacks(*this, other);
  const bool other_lacks = lacks(other, *this);
  if (this_lacks && other_lacks) return Causality::concurrent;
  if (this_lacks) return Causality::before;
  return other_lacks ? Causality::after : Causality::equal;
}

std::string VersionVector::to_text() const {
  std::string text;
  for (const auto& [region, count] : counts_) {
    if (!text.empty()) text += ',';
    text += region + ":" + std::to_string(count);
  }
  return text;
}

Result<VersionVector> VersionVector::parse(std::string_view text) {
  VersionVector vector;
  const auto refused = [text] {
    return fail(Code::invalid_argument, "'" + std::string(text) + "' is not a version vector");
  };
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    const std::size_t colon = item.find(':');
    if (colon == std::string_view::npos || !check_region(item.substr(0, colon))) return refused();
    if (vector.counts_.size() == kMostRegions) {
      return fail(Code::limit_exceeded, "a version vector of more than 64 regions");
    }
    std::uint64_t count = 0;
    const auto [end, error] =
        std::from_chars(item.data() + colon + 1, item.data() + item.size(), count);
    if (error != std::errc() || end != item.data() + item.size() || count == 0) return refused();
    vector.counts_.emplace(item.substr(0, colon), count);
  }
  if (vector.to_text() != text) return refused();  // out of order, twice, zeros in front
  return vector;
}

}  // namespace godwit
