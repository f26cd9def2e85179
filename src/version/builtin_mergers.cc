#include "version/builtin_mergers.h"

#include <algorithm>
#include <compare>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <utility>

#include "version/json_text.h"

namespace godwit {
namespace {

using Json = nlohmann::json;

// Counters.

Result<void> check_counts(const std::string& name, const Json& counts) {
  if ((name != "p" && name != "n") || !counts.is_object()) {
    return fail(Error(Code::invalid_argument, "not a counter: the member '" + name + "'")
                    .with_hint(R"(a counter is {"p": {NODE: COUNT}, "n": {NODE: COUNT}})"));
  }
  for (const auto& [node, count] : counts.items()) {
    if (count.is_number_unsigned()) continue;
    return fail(Error(Code::invalid_argument,
                      "not a count: " + count.dump() + " of the node '" + node + "'")
                    .with_hint("counts are whole, of 64 bits, and never negative; what is taken "
                               "away is counted in \"n\""));
  }
  return {};
}

Result<Json> read_counter(const std::string& body) {
  GODWIT_TRY(Json counter, parse_json(body));
  if (!counter.is_object()) return fail(Code::invalid_argument, "not a counter: not an object");
  for (const auto& [name, counts] : counter.items()) GODWIT_CHECK(check_counts(name, counts));
  return counter;
}

// Sets.

Result<void> add_elements(const std::string& body, std::set<std::string>& elements) {
  GODWIT_TRY(const Json array, parse_json(body));
  if (!array.is_array()) return fail(Code::invalid_argument, "not a set: not an array");
  for (const Json& element : array) {
    if (element.is_structured()) {
      return fail(Code::invalid_argument, "not a set: an element is an object or an array");
    }
    elements.insert(element.dump());
  }
  return {};
}

// Decimals.

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// A number in its one form: no zeros in front of `whole`, none at the end of `fraction`.
struct Decimal {
  bool negative = false;
  std::string whole;
  std::string fraction;

  [[nodiscard]] std::string to_text() const {
    return (negative ? "-" : "") + (whole.empty() ? "0" : whole) +
           (fraction.empty() ? "" : "." + fraction);
  }
  std::strong_ordering operator<=>(const Decimal& other) const {
    if (negative != other.negative) return other.negative <=> negative;
    return negative ? other.compare_size(*this) : compare_size(other);
  }
  bool operator==(const Decimal&) const = default;

 private:
  [[nodiscard]] std::strong_ordering compare_size(const Decimal& other) const {
    if (whole.size() != other.whole.size()) return whole.size() <=> other.whole.size();
    if (whole != other.whole) return whole <=> other.whole;
    return fraction <=> other.fraction;
  }
};

Result<Decimal> read_decimal(std::string_view body) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = std::min(body.find_first_not_of(kSpace), body.size());
  std::string_view text = body.substr(first, body.find_last_not_of(kSpace) + 1 - first);
  Decimal decimal;
  decimal.negative = text.starts_with('-');
  if (decimal.negative) text.remove_prefix(1);
  const std::size_t point = std::min(text.find('.'), text.size());
  std::string_view whole = text.substr(0, point);
  std::string_view fraction = text.substr(point);
  const bool has_fraction = !fraction.empty();
  if (has_fraction) fraction.remove_prefix(1);
  if (!all_digits(whole) || (has_fraction && !all_digits(fraction))) {
    return fail(Error(Code::invalid_argument, "not a decimal number")
                    .with_hint("as -12.50: digits, a point, no exponent"));
  }
  whole.remove_prefix(std::min(whole.find_first_not_of('0'), whole.size()));
  decimal.whole = whole;
  decimal.fraction = fraction.substr(0, fraction.find_last_not_of('0') + 1);
  if (decimal.whole.empty() && decimal.fraction.empty()) decimal.negative = false;
  return decimal;
}

/// The smaller number, then the greater one.
Result<std::pair<Decimal, Decimal>> in_order(const MergeInput& input) {
  GODWIT_TRY(Decimal ours, read_decimal(input.ours.body));
  GODWIT_TRY(Decimal theirs, read_decimal(input.theirs.body));
  if (theirs < ours) std::swap(ours, theirs);
  return std::pair(std::move(ours), std::move(theirs));
}

}  // namespace

Result<std::string> merge_counters(const MergeInput& input) {
  GODWIT_TRY(Json merged, read_counter(input.ours.body));
  GODWIT_TRY(const Json theirs, read_counter(input.theirs.body));
  for (const auto& [name, counts] : theirs.items()) {
    Json& own = merged.emplace(name, Json::object()).first.value();
    for (const auto& [node, count] : counts.items()) {
      Json& kept = own.emplace(node, count).first.value();
      kept = std::max(kept.get<std::uint64_t>(), count.get<std::uint64_t>());
    }
  }
  return merged.dump();
}

Result<std::string> merge_sets(const MergeInput& input) {
  std::set<std::string> elements;
  GODWIT_CHECK(add_elements(input.ours.body, elements));
  GODWIT_CHECK(add_elements(input.theirs.body, elements));
  std::string merged = "[";
  for (const std::string& element : elements) {
    if (merged.size() > 1) merged += ',';
    merged += element;
  }
  return merged + "]";
}

Result<std::string> merge_max(const MergeInput& input) {
  GODWIT_TRY(const auto numbers, in_order(input));
  return numbers.second.to_text();
}

Result<std::string> merge_min(const MergeInput& input) {
  GODWIT_TRY(const auto numbers, in_order(input));
  return numbers.first.to_text();
}

}  // namespace godwit
