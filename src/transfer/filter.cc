#include "transfer/filter.h"

#include <algorithm>
#include <utility>

namespace godwit::transfer {
namespace {

constexpr std::size_t kMostAlternatives = 1024;
constexpr auto kNone = std::string_view::npos;

std::unexpected<Error> bad_pattern(std::string_view pattern, std::string_view why) {
  return fail(Code::invalid_argument,
              "pattern '" + std::string(pattern) + "': " + std::string(why));
}

/// The end of the brace group that opens at `open`, or kNone.
std::size_t closing_brace(std::string_view pattern, std::size_t open) {
  int depth = 0;
  for (std::size_t i = open; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (pattern[i] == '{') {
      ++depth;
    } else if (pattern[i] == '}' && --depth == 0) {
      return i;
    }
  }
  return kNone;
}

std::size_t find_unescaped(std::string_view pattern, char wanted) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (pattern[i] == wanted) {
      return i;
    }
  }
  return kNone;
}

std::vector<std::string_view> split_alternatives(std::string_view inside) {
  std::vector<std::string_view> pieces;
  int depth = 0;
  std::size_t start = 0;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    if (inside[i] == '\\') {
      ++i;
    } else if (inside[i] == '{') {
      ++depth;
    } else if (inside[i] == '}') {
      --depth;
    } else if (inside[i] == ',' && depth == 0) {
      pieces.push_back(inside.substr(start, i - start));
      start = i + 1;
    }
  }
  pieces.push_back(inside.substr(start));
  return pieces;
}

Result<void> expand_braces(std::string_view pattern, std::vector<std::string>& into) {
  std::vector<std::string> pending = {std::string(pattern)};
  while (!pending.empty()) {
    const std::string next = std::move(pending.back());
    pending.pop_back();
    const std::size_t open = find_unescaped(next, '{');
    if (open == kNone) {
      if (find_unescaped(next, '}') != kNone) return bad_pattern(pattern, "'}' without '{'");
      into.push_back(next);
    } else {
      const std::size_t close = closing_brace(next, open);
      if (close == kNone) return bad_pattern(pattern, "'{' without '}'");
      const std::string_view whole = next;
      const auto pieces = split_alternatives(whole.substr(open + 1, close - open - 1));
      for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece) {
        pending.push_back(next.substr(0, open) + std::string(*piece) + next.substr(close + 1));
      }
    }
    if (into.size() + pending.size() > kMostAlternatives) {
      return bad_pattern(pattern, "more than 1024 alternatives");
    }
  }
  return {};
}

/// The end of the class that opens at `open` ("[!a-z]"), or kNone.
std::size_t closing_bracket(std::string_view pattern, std::size_t open) {
  std::size_t i = open + 1;
  if (i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^')) ++i;
  if (i < pattern.size() && pattern[i] == ']') ++i;
  return pattern.find(']', i);
}

bool class_has(std::string_view inside, char c) {
  const bool negated = !inside.empty() && (inside[0] == '!' || inside[0] == '^');
  if (negated) inside.remove_prefix(1);
  bool found = false;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    if (i + 2 < inside.size() && inside[i + 1] == '-') {
      found = found || (inside[i] <= c && c <= inside[i + 2]);
      i += 2;
    } else {
      found = found || inside[i] == c;
    }
  }
  return found != negated && c != '/';
}

std::size_t character_length(std::string_view text, std::size_t at) {
  std::size_t length = 1;
  while (at + length < text.size() &&
         (static_cast<unsigned char>(text[at + length]) & 0xC0) == 0x80) {
    ++length;
  }
  return length;
}

/// Matches one literal, `?` or class at both positions and steps over it.
bool step(std::string_view pattern, std::size_t& p, std::string_view text, std::size_t& t) {
  if (t == text.size()) return false;
  if (pattern[p] == '?') {
    if (text[t] == '/') return false;
    t += character_length(text, t);
    ++p;
    return true;
  }
  if (pattern[p] == '[') {
    const std::size_t close = closing_bracket(pattern, p);
    if (!class_has(pattern.substr(p + 1, close - p - 1), text[t])) return false;
    p = close + 1;
    ++t;
    return true;
  }
  const std::size_t literal = pattern[p] == '\\' && p + 1 < pattern.size() ? p + 1 : p;
  if (pattern[literal] != text[t]) return false;
  p = literal + 1;
  ++t;
  return true;
}

/// A place to come back to: the star's successor in the pattern, and where it stopped eating.
struct Star {
  std::size_t pattern = kNone;
  std::size_t text = 0;
};

/// Only the last star of each kind needs to be retried: an earlier one could only leave less.
bool match_here(std::string_view pattern, std::string_view text) {
  Star one;
  Star two;
  std::size_t p = 0;
  std::size_t t = 0;
  while (p < pattern.size() || t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      const bool deep = p + 1 < pattern.size() && pattern[p + 1] == '*';
      p += deep ? 2 : 1;
      (deep ? two : one) = {p, t};
      if (deep) one = {};
      continue;
    }
    if (p < pattern.size() && step(pattern, p, text, t)) continue;
    if (one.pattern != kNone && one.text < text.size() && text[one.text] != '/') {
      p = one.pattern;
      t = ++one.text;
    } else if (two.pattern != kNone && two.text < text.size()) {
      one = {};
      p = two.pattern;
      t = ++two.text;
    } else {
      return false;
    }
  }
  return true;
}

Result<void> check_classes(std::string_view pattern) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (pattern[i] == '[') {
      i = closing_bracket(pattern, i);
      if (i == kNone) return bad_pattern(pattern, "'[' without ']'");
    }
  }
  return {};
}

}  // namespace

Result<Glob> Glob::parse(std::string_view pattern) {
  if (pattern.empty() || pattern == "/") return bad_pattern(pattern, "is empty");
  Glob glob;
  glob.pattern_ = pattern;
  GODWIT_CHECK(expand_braces(pattern, glob.alternatives_));
  for (const std::string& alternative : glob.alternatives_) {
    GODWIT_CHECK(check_classes(alternative));
  }
  return glob;
}

bool Glob::matches(std::string_view key) const {
  return std::ranges::any_of(alternatives_, [key](std::string_view pattern) {
    if (pattern.starts_with('/')) return match_here(pattern.substr(1), key);
    for (std::size_t start = 0; start != kNone;) {
      if (match_here(pattern, key.substr(start))) return true;
      const std::size_t slash = key.find('/', start);
      start = slash == kNone ? kNone : slash + 1;
    }
    return false;
  });
}

bool Filter::takes_key(std::string_view key) const {
  bool only_includes = !rules.empty();
  for (const FilterRule& rule : rules) {
    if (rule.glob.matches(key)) return rule.action == FilterAction::include;
    only_includes = only_includes && rule.action == FilterAction::include;
  }
  return !only_includes;
}

bool Filter::takes(const ListEntry& entry, WallTime now) const {
  if (min_size && entry.size < *min_size) return false;
  if (max_size && entry.size > *max_size) return false;
  const Duration age = now - entry.modified;
  if (min_age && age < *min_age) return false;
  if (max_age && age > *max_age) return false;
  return rules.empty() || takes_key(entry.key);
}

}  // namespace godwit::transfer
