#include "store/s3/s3_xml.h"

#include <array>
#include <charconv>

#include "http/url.h"
#include "store/s3/s3_xml_reader.h"

namespace godwit::s3 {
namespace {

using Event = XmlReader::Event;

/// Less than any row takes, so that a page's rows are stored without growing.
constexpr std::size_t kLeastRow = 250;

std::unexpected<Error> not_a(const char* what) {
  return fail(Error(Code::corrupted, std::string("the service's answer is not a whole ") + what)
                  .with(Retry::later));
}

bool read_number(std::string_view text, auto& number) {
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  return error == std::errc() && end == last;
}

bool read_flag(std::string_view text, bool& flag) {
  flag = text == "true";
  return flag || text == "false";
}

bool read_text(std::string_view raw, std::string& text) {
  if (raw.find('&') == std::string_view::npos) {
    text = raw;
    return true;
  }
  auto resolved = resolve_references(raw);
  if (!resolved) return false;
  text = *std::move(resolved);
  return true;
}

bool read_etag(std::string_view raw, std::string& etag) {
  // As AWS and Ceph write it.
  static constexpr std::string_view kQuote = "&quot;";
  if (raw.starts_with(kQuote) && raw.ends_with(kQuote) && raw.size() >= 2 * kQuote.size()) {
    raw = raw.substr(kQuote.size(), raw.size() - 2 * kQuote.size());
  }
  if (!read_text(raw, etag)) return false;
  if (etag.starts_with('"')) etag = unquote(etag);
  return true;
}

bool read_time(std::string_view text, WallTime& time) {
  const auto parsed = parse_timestamp(text);
  time = parsed.value_or(WallTime{});
  return parsed.has_value();
}

/// Hands each child's name and raw text to `take`, up to the end of the element that has just
/// started. False when the XML or what `take` says is.
template <class Take>
bool read_children(XmlReader& reader, Take take) {
  for (const std::size_t own = reader.depth();;) {
    const Event event = reader.next();
    if (event == Event::start) continue;
    if (event != Event::end) return false;
    if (reader.depth() == own) return true;
    if (reader.depth() == own + 1 && !take(reader.name(), reader.raw_text())) return false;
  }
}

/// Reads a whole document: `take(name, raw text)` for the root's children, but for those called
/// rows, which `take_row(reader)` reads to their end.
template <class TakeRow, class Take>
bool read_document(std::string_view xml, std::string_view root, TakeRow take_row, Take take) {
  XmlReader reader(xml);
  if (reader.next() != Event::start || reader.name() != root) return false;
  for (;;) {
    switch (reader.next()) {
      case Event::start:
        if (reader.depth() == 2 && !take_row(reader)) return false;
        break;
      case Event::end:
        if (reader.depth() == 2 && !take(reader.name(), reader.raw_text())) return false;
        break;
      case Event::finished: return true;
      case Event::broken: return false;
    }
  }
}

int digits(std::string_view text, std::size_t at, std::size_t count) {
  int number = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (i >= text.size() || text[i] < '0' || text[i] > '9') return -1;
    number = number * 10 + (text[i] - '0');
  }
  return number;
}

/// What 64 bits of nanoseconds can tell lies between these.
constexpr int kFirstYear = 1700;
constexpr int kLastYear = 2200;

std::optional<WallTime> to_time(std::array<int, 6> parts) {
  const auto [year, month, day, hour, minute, second] = parts;
  if (year < kFirstYear || year > kLastYear || month < 1 || month > 12 || day < 1 || day > 31 ||
      hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// Keys come percent-encoded where the answer says so; some services write a space as '+'. In
/// place, because it is done for every row. False for a '%' that begins no escape.
bool decode_key(std::string& key) {
  std::size_t to = 0;
  for (std::size_t from = 0; from < key.size(); ++from, ++to) {
    char c = key[from];
    if (c == '+') c = ' ';
    if (c == '%') {
      const int high = key.size() - from > 2 ? hex_value(key[from + 1]) : -1;
      const int low = key.size() - from > 2 ? hex_value(key[from + 2]) : -1;
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high * 16 + low);
      from += 2;
    }
    key[to] = c;
  }
  key.resize(to);
  return true;
}

/// False for a row that lacks what every row has.
bool read_entry(XmlReader& reader, ListEntry& entry) {
  bool sized = false;
  bool timed = false;
  const auto take = [&](std::string_view name, std::string_view raw) {
    if (name == "Key") return read_text(raw, entry.key);
    if (name == "LastModified") return timed = read_time(raw, entry.modified);
    if (name == "ETag") return read_etag(raw, entry.etag);
    if (name == "Size") return sized = read_number(raw, entry.size);
    return true;
  };
  return read_children(reader, take) && sized && timed && !entry.key.empty();
}

bool read_prefix(XmlReader& reader, ListEntry& entry) {
  entry.is_prefix = true;
  const auto take = [&entry](std::string_view name, std::string_view raw) {
    return name != "Prefix" || read_text(raw, entry.key);
  };
  return read_children(reader, take) && !entry.key.empty();
}

void append_escaped(std::string& to, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&': to += "&amp;"; break;
      case '<': to += "&lt;"; break;
      case '>': to += "&gt;"; break;
      case '"': to += "&quot;"; break;
      default:
        if (static_cast<unsigned char>(c) < ' ') {
          to += "&#" + std::to_string(static_cast<int>(c)) + ";";
        } else {
          to += c;
        }
    }
  }
}

}  // namespace

std::string unquote(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') {
    etag = etag.substr(1, etag.size() - 2);
  }
  return std::string(etag);
}

std::optional<WallTime> parse_timestamp(std::string_view text) {
  auto time = to_time({digits(text, 0, 4), digits(text, 5, 2), digits(text, 8, 2),
                       digits(text, 11, 2), digits(text, 14, 2), digits(text, 17, 2)});
  if (time && text.size() > 20 && text[19] == '.') {
    std::int64_t nanoseconds = 0;
    std::int64_t unit = 100'000'000;
    for (std::size_t i = 20; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) {
      nanoseconds += (text[i] - '0') * unit;
      unit /= 10;
    }
    *time += std::chrono::nanoseconds(nanoseconds);
  }
  return time;
}

std::optional<WallTime> parse_http_date(std::string_view text) {
  static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() < 29) return std::nullopt;
  const std::size_t month = kMonths.find(text.substr(8, 3));
  if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
  return to_time({digits(text, 12, 4), static_cast<int>(month / 3) + 1, digits(text, 5, 2),
                  digits(text, 17, 2), digits(text, 20, 2), digits(text, 23, 2)});
}

Result<ListPage> parse_list_page(std::string_view xml) {
  ListPage page;
  page.entries.reserve(xml.size() / kLeastRow + 1);
  bool encoded = false;
  bool told = false;
  bool prefixes = false;
  const auto take_row = [&](XmlReader& reader) {
    if (reader.name() == "Contents") return read_entry(reader, page.entries.emplace_back());
    if (reader.name() != "CommonPrefixes") return true;
    prefixes = true;
    return read_prefix(reader, page.entries.emplace_back());
  };
  const auto take = [&](std::string_view name, std::string_view raw) {
    if (name == "IsTruncated") return told = read_flag(raw, page.truncated);
    if (name == "NextContinuationToken") return read_text(raw, page.next_token);
    if (name == "NextMarker") return read_text(raw, page.next_marker);
    if (name == "EncodingType") encoded = raw == "url";
    return true;
  };
  if (!read_document(xml, "ListBucketResult", take_row, take) || !told) return not_a("listing");
  if (encoded) {
    const auto decode = [](ListEntry& entry) { return decode_key(entry.key); };
    if (!std::ranges::all_of(page.entries, decode) || !decode_key(page.next_marker)) {
      return not_a("listing");
    }
  }
  if (prefixes) std::ranges::sort(page.entries, {}, &ListEntry::key);
  const bool goes_on =
      !page.entries.empty() || !page.next_token.empty() || !page.next_marker.empty();
  if (page.truncated && !goes_on) return not_a("listing");
  return page;
}

Result<PartsPage> parse_parts_page(std::string_view xml) {
  PartsPage page;
  const auto take_row = [&page](XmlReader& reader) {
    if (reader.name() != "Part") return true;
    PartInfo& part = page.parts.emplace_back();
    bool sized = false;
    const auto take = [&](std::string_view name, std::string_view raw) {
      if (name == "PartNumber") return read_number(raw, part.number);
      if (name == "Size") return sized = read_number(raw, part.size);
      return name != "ETag" || read_etag(raw, part.etag);
    };
    return read_children(reader, take) && sized && part.number > 0;
  };
  const auto take = [&page](std::string_view name, std::string_view raw) {
    if (name == "IsTruncated") return read_flag(raw, page.truncated);
    return name != "NextPartNumberMarker" || read_text(raw, page.next_marker);
  };
  if (!read_document(xml, "ListPartsResult", take_row, take)) return not_a("list of parts");
  return page;
}

Result<UploadsPage> parse_uploads_page(std::string_view xml) {
  UploadsPage page;
  bool encoded = false;
  const auto take_row = [&page](XmlReader& reader) {
    if (reader.name() != "Upload") return true;
    UploadId& upload = page.uploads.emplace_back();
    bool timed = false;
    const auto take = [&](std::string_view name, std::string_view raw) {
      if (name == "Key") return read_text(raw, upload.key);
      if (name == "UploadId") return read_text(raw, upload.id);
      return name != "Initiated" || (timed = read_time(raw, upload.started));
    };
    return read_children(reader, take) && timed && !upload.key.empty() && !upload.id.empty();
  };
  const auto take = [&](std::string_view name, std::string_view raw) {
    if (name == "IsTruncated") return read_flag(raw, page.truncated);
    if (name == "NextKeyMarker") return read_text(raw, page.next_key);
    if (name == "EncodingType") encoded = raw == "url";
    return name != "NextUploadIdMarker" || read_text(raw, page.next_upload);
  };
  if (!read_document(xml, "ListMultipartUploadsResult", take_row, take)) {
    return not_a("list of uploads");
  }
  if (encoded) {
    const auto decode = [](UploadId& upload) { return decode_key(upload.key); };
    if (!std::ranges::all_of(page.uploads, decode) || !decode_key(page.next_key)) {
      return not_a("list of uploads");
    }
  }
  return page;
}

std::string find_text(std::string_view xml, std::string_view element) {
  XmlReader reader(xml);
  for (;;) {
    const Event event = reader.next();
    if (event == Event::finished || event == Event::broken) return {};
    if (event != Event::end || reader.name() != element) continue;
    std::string text;
    return read_text(reader.raw_text(), text) ? text : std::string();
  }
}

std::string_view root_name(std::string_view xml) {
  XmlReader reader(xml);
  return reader.next() == Event::start ? reader.name() : std::string_view();
}

Result<std::vector<RemoveError>> parse_remove_answer(std::string_view xml) {
  std::vector<RemoveError> errors;
  const auto take_row = [&errors](XmlReader& reader) {
    if (reader.name() != "Error") return true;
    RemoveError& error = errors.emplace_back();
    return read_children(reader, [&error](std::string_view name, std::string_view raw) {
      if (name == "Key") return read_text(raw, error.key);
      if (name == "Code") return read_text(raw, error.code);
      return name != "Message" || read_text(raw, error.message);
    });
  };
  const auto take = [](std::string_view, std::string_view) { return true; };
  if (!read_document(xml, "DeleteResult", take_row, take)) return not_a("answer to a delete");
  return errors;
}

bool fits_xml(std::string_view key) {
  const bool controls = std::ranges::any_of(key, [](char c) {
    return static_cast<unsigned char>(c) < ' ' && c != '\t' && c != '\n' && c != '\r';
  });
  // Nor can it say the characters U+FFFE and U+FFFF.
  return !controls && key.find("\xef\xbf\xbe") == std::string_view::npos &&
         key.find("\xef\xbf\xbf") == std::string_view::npos;
}

std::string remove_request(const std::string& prefix, std::span<const std::string> keys) {
  std::string xml = "<Delete><Quiet>true</Quiet>";
  for (const std::string& key : keys) {
    xml += "<Object><Key>";
    append_escaped(xml, prefix);
    append_escaped(xml, key);
    xml += "</Key></Object>";
  }
  return xml + "</Delete>";
}

std::string complete_request(std::span<const PartInfo> parts) {
  std::string xml = "<CompleteMultipartUpload>";
  for (const PartInfo& part : parts) {
    xml += "<Part><PartNumber>" + std::to_string(part.number) + "</PartNumber><ETag>\"";
    append_escaped(xml, part.etag);
    xml += "\"</ETag></Part>";
  }
  return xml + "</CompleteMultipartUpload>";
}

Result<std::map<std::string, std::string>> parse_tags(std::string_view xml) {
  std::map<std::string, std::string> tags;
  const auto take_set = [&tags](XmlReader& reader) {
    if (reader.name() != "TagSet") return true;
    std::string key;
    for (;;) {
      const Event event = reader.next();
      if (event == Event::start) continue;
      if (event != Event::end) return false;
      if (reader.depth() == 2) return true;
      if (reader.depth() != 4) continue;
      if (reader.name() == "Key" && !read_text(reader.raw_text(), key)) return false;
      if (reader.name() == "Value" && !read_text(reader.raw_text(), tags[key])) return false;
    }
  };
  const auto take = [](std::string_view, std::string_view) { return true; };
  if (!read_document(xml, "Tagging", take_set, take)) return not_a("list of tags");
  return tags;
}

}  // namespace godwit::s3
