#include "store/file/file_key.h"

#include "store/store.h"

namespace godwit::file {
namespace {

constexpr std::size_t kLongestElement = 255;

std::unexpected<Error> refused(std::string_view why) {
  return fail(Code::invalid_argument, "no file can have this key: " + std::string(why));
}

/// What the layers above keep with the objects of a group: who the store is, losers of conflicts.
constexpr std::string_view kMark = "group";
constexpr std::string_view kRescued = "rescue";

/// Whether the key is of a file that this store keeps for itself.
bool is_taken(std::string_view key) {
  if (!key.starts_with(kOwnDirectory)) return false;
  const std::string_view rest = key.substr(kOwnDirectory.size());
  if (!rest.starts_with('/')) return rest.empty();
  const std::string_view name = rest.substr(1, rest.find('/', 1) - 1);
  return name != kRescued && rest.substr(1) != kMark;
}

}  // namespace

Result<void> check_key(std::string_view key) {
  GODWIT_CHECK(godwit::check_key(key));
  for (std::string_view rest = key;;) {
    const std::size_t slash = rest.find('/');
    const std::string_view element = rest.substr(0, slash);
    if (element.empty()) return refused("an element between slashes is empty");
    if (element == "." || element == "..") return refused("'.' and '..' lead elsewhere");
    if (element.size() > kLongestElement) return refused("an element is over 255 bytes");
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  if (is_taken(key)) return refused(".godwit/ is reserved");
  return {};
}

}  // namespace godwit::file
