#include "store/s3/s3_xml.h"

#include <array>
#include <charconv>
#include <cstring>
#include <pugixml.hpp>

#include "http/url.h"

namespace godwit::s3 {
namespace {

constexpr unsigned kParse = pugi::parse_escapes | pugi::parse_eol;

std::unexpected<Error> not_a(const char* what) {
  return fail(Error(Code::corrupted, std::string("the service's answer is not a whole ") + what)
                  .with(Retry::later));
}

Bytes to_number(const char* text) {
  Bytes number = 0;
  std::from_chars(text, text + std::strlen(text), number);
  return number;
}

bool is_true(const char* text) { return std::strcmp(text, "true") == 0; }

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

/// Keys come percent-encoded where the answer says so; some services write a space as '+'.
std::string decode_key(const char* text, bool encoded) {
  if (!encoded || std::strpbrk(text, "%+") == nullptr) return text;
  std::string spaced = text;
  std::ranges::replace(spaced, '+', ' ');
  return http::uri_decode(spaced).value_or(text);
}

ListEntry read_entry(const pugi::xml_node& node, bool encoded) {
  ListEntry entry;
  for (const pugi::xml_node& field : node.children()) {
    const char* name = field.name();
    const char* value = field.child_value();
    switch (name[0]) {
      case 'K': entry.key = decode_key(value, encoded); break;
      case 'E': entry.etag = unquote(value); break;
      case 'L': entry.modified = parse_timestamp(value).value_or(WallTime{}); break;
      case 'S':
        if (std::strcmp(name, "Size") == 0) entry.size = to_number(value);
        break;
      default: break;
    }
  }
  return entry;
}

pugi::xml_node load(pugi::xml_document& document, std::string& xml, const char* root) {
  const auto parsed = document.load_buffer_inplace(xml.data(), xml.size(), kParse);
  return parsed ? document.child(root) : pugi::xml_node();
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

Result<ListPage> parse_list_page(std::string& xml) {
  pugi::xml_document document;
  const pugi::xml_node root = load(document, xml, "ListBucketResult");
  const pugi::xml_node truncated = root.child("IsTruncated");
  if (!root || !truncated) return not_a("listing");
  ListPage page;
  page.truncated = is_true(truncated.child_value());
  page.next_token = root.child("NextContinuationToken").child_value();
  const bool encoded = std::strcmp(root.child("EncodingType").child_value(), "url") == 0;
  bool prefixes = false;
  for (const pugi::xml_node& node : root.children()) {
    const char* name = node.name();
    if (std::strcmp(name, "Contents") == 0) {
      page.entries.push_back(read_entry(node, encoded));
      if (page.entries.back().key.empty()) return not_a("listing");
    } else if (std::strcmp(name, "CommonPrefixes") == 0) {
      ListEntry prefix;
      prefix.key = decode_key(node.child("Prefix").child_value(), encoded);
      prefix.is_prefix = true;
      if (prefix.key.empty()) return not_a("listing");
      page.entries.push_back(std::move(prefix));
      prefixes = true;
    }
  }
  if (prefixes) std::ranges::sort(page.entries, {}, &ListEntry::key);
  if (page.truncated && page.entries.empty() && page.next_token.empty()) return not_a("listing");
  return page;
}

Result<PartsPage> parse_parts_page(std::string& xml) {
  pugi::xml_document document;
  const pugi::xml_node root = load(document, xml, "ListPartsResult");
  if (!root) return not_a("list of parts");
  PartsPage page;
  page.truncated = is_true(root.child("IsTruncated").child_value());
  page.next_marker = root.child("NextPartNumberMarker").child_value();
  for (const pugi::xml_node& node : root.children("Part")) {
    PartInfo part;
    part.number = static_cast<std::uint32_t>(to_number(node.child("PartNumber").child_value()));
    part.size = to_number(node.child("Size").child_value());
    part.etag = unquote(node.child("ETag").child_value());
    page.parts.push_back(std::move(part));
  }
  return page;
}

Result<UploadsPage> parse_uploads_page(std::string& xml) {
  pugi::xml_document document;
  const pugi::xml_node root = load(document, xml, "ListMultipartUploadsResult");
  if (!root) return not_a("list of uploads");
  UploadsPage page;
  page.truncated = is_true(root.child("IsTruncated").child_value());
  page.next_key = root.child("NextKeyMarker").child_value();
  page.next_upload = root.child("NextUploadIdMarker").child_value();
  for (const pugi::xml_node& node : root.children("Upload")) {
    UploadId upload;
    upload.key = node.child("Key").child_value();
    upload.id = node.child("UploadId").child_value();
    upload.started = parse_timestamp(node.child("Initiated").child_value()).value_or(WallTime{});
    page.uploads.push_back(std::move(upload));
  }
  return page;
}

std::string find_text(const std::string& xml, const char* element) {
  pugi::xml_document document;
  if (!document.load_buffer(xml.data(), xml.size(), kParse)) return {};
  const auto named = [element](const pugi::xml_node& node) {
    return std::strcmp(node.name(), element) == 0;
  };
  return document.find_node(named).child_value();
}

std::string root_name(const std::string& xml) {
  pugi::xml_document document;
  if (!document.load_buffer(xml.data(), xml.size(), kParse)) return {};
  return document.document_element().name();
}

Result<std::vector<RemoveError>> parse_remove_answer(std::string& xml) {
  pugi::xml_document document;
  const pugi::xml_node root = load(document, xml, "DeleteResult");
  if (!root) return not_a("answer to a delete");
  std::vector<RemoveError> errors;
  for (const pugi::xml_node& node : root.children("Error")) {
    errors.push_back({node.child("Key").child_value(), node.child("Code").child_value(),
                      node.child("Message").child_value()});
  }
  return errors;
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

std::map<std::string, std::string> parse_tags(const std::string& xml) {
  pugi::xml_document document;
  std::map<std::string, std::string> tags;
  if (!document.load_buffer(xml.data(), xml.size(), kParse)) return tags;
  for (const pugi::xml_node& tag : document.child("Tagging").child("TagSet").children("Tag")) {
    tags[tag.child("Key").child_value()] = tag.child("Value").child_value();
  }
  return tags;
}

}  // namespace godwit::s3
