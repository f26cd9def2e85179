#include "store/file/file_key.h"

#include <algorithm>

namespace godwit::file {
namespace {

constexpr std::size_t kLongestKey = 1024;
constexpr std::size_t kLongestElement = 255;

std::unexpected<Error> refused(std::string_view why) {
  return fail(Code::invalid_argument, "no file can have this key: " + std::string(why));
}

/// The length of the UTF-8 sequence at the start of `text`, 0 when it is none.
std::size_t sequence(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const unsigned second = byte(1);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool outside = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
  return overlong || outside ? 0 : length;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

Result<void> check_key(std::string_view key) {
  if (key.empty() || key.size() > kLongestKey) return refused("it must have 1 to 1024 bytes");
  if (!is_utf8(key)) return refused("it is not UTF-8");
  if (key.find('\0') != std::string_view::npos) return refused("it has a NUL in it");
  for (std::string_view rest = key;;) {
    const std::size_t slash = rest.find('/');
    const std::string_view element = rest.substr(0, slash);
    if (element.empty()) return refused("an element between slashes is empty");
    if (element == "." || element == "..") return refused("'.' and '..' lead elsewhere");
    if (element.size() > kLongestElement) return refused("an element is over 255 bytes");
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  if (key == kOwnDirectory || key.starts_with(std::string(kOwnDirectory) + "/")) {
    return refused(".godwit/ is reserved");
  }
  return {};
}

}  // namespace godwit::file
