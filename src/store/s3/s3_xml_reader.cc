#include "store/s3/s3_xml_reader.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace godwit::s3 {
namespace {

constexpr std::size_t kLongestReference = 10;

// Loops of our own: tags and the text between them are shorter than what a library call costs.
constexpr bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

bool is_blank(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return is_blank(c); });
}

bool ends_name(char c) { return c == '>' || c == '/' || c == '<' || is_blank(c); }

/// Where the tag ends whose inside begins `text`: a '>' outside of quotes.
std::size_t end_of_tag(std::string_view text) {
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '>') {
      return i;
    } else if (c == '"' || c == '\'') {
      quote = c;
    }
  }
  return std::string_view::npos;
}

void append_utf8(std::string& to, std::uint32_t point) {
  const auto add = [&to](std::uint32_t byte) { to += static_cast<char>(byte); };
  if (point < 0x80) {
    add(point);
  } else if (point < 0x800) {
    add(0xc0 | point >> 6);
    add(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    add(0xe0 | point >> 12);
    add(0x80 | (point >> 6 & 0x3f));
    add(0x80 | (point & 0x3f));
  } else {
    add(0xf0 | point >> 18);
    add(0x80 | (point >> 12 & 0x3f));
    add(0x80 | (point >> 6 & 0x3f));
    add(0x80 | (point & 0x3f));
  }
}

/// `name` is what stands between '&' and ';'.
bool append_reference(std::string& to, std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, char>, 5> kNamed = {
      {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}}};
  const auto* const named =
      std::ranges::find(kNamed, name, &std::pair<std::string_view, char>::first);
  if (named != kNamed.end()) {
    to += named->second;
    return true;
  }
  if (!name.starts_with('#')) return false;
  const bool hexadecimal = name.starts_with("#x");
  const std::string_view number = name.substr(hexadecimal ? 2 : 1);
  std::uint32_t point = 0;
  const char* const last = number.data() + number.size();
  const auto [end, error] = std::from_chars(number.data(), last, point, hexadecimal ? 16 : 10);
  const bool surrogate = point >= 0xd800 && point < 0xe000;
  if (error != std::errc() || end != last || point > 0x10ffff || surrogate) return false;
  append_utf8(to, point);
  return true;
}

}  // namespace

XmlReader::XmlReader(std::string_view xml) : rest_(xml) {
  static constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (rest_.starts_with(kByteOrderMark)) rest_.remove_prefix(kByteOrderMark.size());
}

XmlReader::Event XmlReader::fail() {
  broken_ = true;
  return Event::broken;
}

/// Passes over a declaration or comment. False when it is neither, or has no end.
bool XmlReader::skip_markup() {
  const bool comment = rest_.starts_with("!--");
  if (!comment && !rest_.starts_with('?')) return false;
  const std::string_view mark = comment ? "-->" : "?>";
  const std::size_t end = rest_.find(mark, comment ? 3 : 1);
  if (end == std::string_view::npos) return false;
  rest_.remove_prefix(end + mark.size());
  return true;
}

XmlReader::Event XmlReader::next() {
  if (broken_) return Event::broken;
  if (std::exchange(close_pending_, false)) return close();
  for (;;) {
    const std::size_t angle = rest_.starts_with('<') ? 0 : rest_.find('<');
    const std::string_view text = rest_.substr(0, angle);
    const bool last = angle == std::string_view::npos;
    // Text belongs to the innermost element that has no children.
    if ((!leaf_ || last) && !is_blank(text)) return fail();
    if (last) {
      if (depth_ > 0 || !seen_root_) return fail();
      rest_ = {};
      return Event::finished;
    }
    rest_.remove_prefix(angle + 1);
    if (rest_.starts_with('/')) {
      text_ = leaf_ ? text : std::string_view();
      return take_end_tag() ? close() : fail();
    }
    // What is beside the text of an element would cut it in two.
    if (!is_blank(text)) return fail();
    if (!rest_.starts_with('!') && !rest_.starts_with('?')) {
      return take_start_tag() ? open() : fail();
    }
    if (!skip_markup()) return fail();
  }
}

/// Of the innermost element; no other end can be right here.
bool XmlReader::take_end_tag() {
  if (depth_ == 0) return false;
  rest_.remove_prefix(1);
  const std::string_view expected = open_[depth_ - 1];
  if (!rest_.starts_with(expected)) return false;
  rest_.remove_prefix(expected.size());
  while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
  if (!rest_.starts_with('>')) return false;
  rest_.remove_prefix(1);
  return true;
}

bool XmlReader::take_start_tag() {
  std::size_t end = 0;
  while (end < rest_.size() && !ends_name(rest_[end])) ++end;
  name_ = rest_.substr(0, end);
  rest_.remove_prefix(end);
  if (rest_.starts_with('>')) {
    rest_.remove_prefix(1);
    return true;
  }
  const std::size_t close = end_of_tag(rest_);
  if (close == std::string_view::npos) return false;
  close_pending_ = rest_.substr(0, close).ends_with('/');
  rest_.remove_prefix(close + 1);
  return true;
}

XmlReader::Event XmlReader::open() {
  const bool second_root = depth_ == 0 && std::exchange(seen_root_, true);
  if (name_.empty() || second_root || depth_ == kDeepest) return fail();
  open_[depth_++] = name_;
  text_ = {};
  at_end_ = false;
  leaf_ = true;
  return Event::start;
}

XmlReader::Event XmlReader::close() {
  name_ = open_[--depth_];
  at_end_ = true;
  leaf_ = false;
  return Event::end;
}

std::optional<std::string> resolve_references(std::string_view raw) {
  std::string text;
  text.reserve(raw.size());
  for (;;) {
    const std::size_t ampersand = raw.find('&');
    text += raw.substr(0, ampersand);
    if (ampersand == std::string_view::npos) return text;
    raw.remove_prefix(ampersand + 1);
    const std::size_t end = raw.substr(0, kLongestReference).find(';');
    if (end == std::string_view::npos || !append_reference(text, raw.substr(0, end))) {
      return std::nullopt;
    }
    raw.remove_prefix(end + 1);
  }
}

}  // namespace godwit::s3
