#include "http/response_head.h"

#include <algorithm>
#include <charconv>

namespace godwit::http {
namespace {

constexpr std::size_t kMostFields = 200;

std::unexpected<Error> not_http(std::string_view why) {
  return fail(Code::corrupted, "the server's answer is not HTTP/1.1: " + std::string(why));
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool has_control(std::string_view value) {
  return std::ranges::any_of(value,
                             [](unsigned char c) { return (c < ' ' && c != '\t') || c == 0x7f; });
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

Result<void> parse_status_line(std::string_view line, ResponseHead& head) {
  // "HTTP/1.1 200 OK"
  const bool known = line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 ");
  if (!known || line.size() < 12 || has_control(line)) {
    return not_http("its first line is not a status line");
  }
  const auto [end, error] = std::from_chars(line.data() + 9, line.data() + 12, head.status);
  if (error != std::errc() || end != line.data() + 12 || head.status < 100 ||
      (line.size() > 12 && line[12] != ' ')) {
    return not_http("its status is not a number of three digits");
  }
  if (head.status == 101) return not_http("it changes the protocol, which nobody asked for");
  head.keep_alive = line[7] == '1';
  return {};
}

struct FramingFields {
  std::optional<Bytes> length;
  bool chunked = false;
};

/// A list of options; "close" outweighs all others.
void note_connection(std::string_view value, ResponseHead& head) {
  while (!value.empty()) {
    const std::string_view option = value.substr(0, value.find(','));
    value.remove_prefix(std::min(value.size(), option.size() + 1));
    if (equals_ignoring_case(trim(option), "keep-alive")) head.keep_alive = true;
    if (equals_ignoring_case(trim(option), "close")) {
      head.keep_alive = false;
      return;
    }
  }
}

Result<void> note_framing(std::string_view name, std::string_view value, ResponseHead& head,
                          FramingFields& fields) {
  if (equals_ignoring_case(name, "content-length")) {
    Bytes length = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
    if (error != std::errc() || end != value.data() + value.size()) {
      return not_http("its Content-Length is not a number");
    }
    if (fields.length && *fields.length != length) return not_http("it has two lengths");
    fields.length = length;
  } else if (equals_ignoring_case(name, "transfer-encoding")) {
    if (fields.chunked || !equals_ignoring_case(value, "chunked")) {
      return not_http("its Transfer-Encoding is not 'chunked'");
    }
    fields.chunked = true;
  } else if (equals_ignoring_case(name, "connection")) {
    note_connection(value, head);
  }
  return {};
}

Result<void> decide_framing(const FramingFields& fields, HeadRequest request, ResponseHead& head) {
  if (fields.length && fields.chunked) return not_http("it has a length and is chunked");
  const bool bodiless = request == HeadRequest::yes;
  if (bodiless || head.status < 200 || head.status == 204 || head.status == 304) return {};
  if (fields.chunked) {
    head.framing = Framing::chunked;
  } else if (fields.length) {
    head.framing = Framing::length;
    head.length = *fields.length;
  } else {
    head.framing = Framing::until_close;
    head.keep_alive = false;
  }
  return {};
}

}  // namespace

bool is_field_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
    return c > ' ' && c < 0x7f &&
           std::string_view("\"(),/:;<=>?@[\\]{}").find(static_cast<char>(c)) ==
               std::string_view::npos;
  });
}

Result<ResponseHead> parse_response_head(std::string_view text, HeadRequest request) {
  ResponseHead head;
  FramingFields framing;
  std::size_t line_end = text.find("\r\n");
  if (line_end == std::string_view::npos) return not_http("it has no line end");
  GODWIT_CHECK(parse_status_line(text.substr(0, line_end), head));
  text.remove_prefix(line_end + 2);
  for (line_end = text.find("\r\n"); line_end != 0; line_end = text.find("\r\n")) {
    if (line_end == std::string_view::npos) return not_http("its head has no end");
    const std::string_view line = text.substr(0, line_end);
    text.remove_prefix(line_end + 2);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_field_name(line.substr(0, colon))) {
      return not_http("a field has no name");
    }
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trim(line.substr(colon + 1));
    if (has_control(value)) return not_http("a field has a control character");
    if (head.headers.fields().size() == kMostFields) return not_http("it has too many fields");
    GODWIT_CHECK(note_framing(name, value, head, framing));
    head.headers.add(name, std::string(value));
  }
  GODWIT_CHECK(decide_framing(framing, request, head));
  return head;
}

Result<Bytes> parse_chunk_size(std::string_view line) {
  line = trim(line.substr(0, line.find(';')));
  Bytes size = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
  if (error != std::errc() || end != line.data() + line.size()) {
    return not_http("a chunk's size is not a number");
  }
  return size;
}

}  // namespace godwit::http
