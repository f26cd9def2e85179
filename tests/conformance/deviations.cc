#include "conformance/deviations.h"

#include <algorithm>
#include <array>
#include <span>

namespace godwit::conformance {
namespace {

/// Both regions are of Ceph RGW 16.
constexpr std::array kRgw = {Kind::s3_a, Kind::s3_b, Kind::s3_signed};

struct Row {
  std::span<const Kind> stores;
  Law law;
  std::string_view reason;
};

constexpr std::array kDeviations = {
    Row{kRgw, Law::complete_keeps_conditions,
        "the service ignores the conditions of CompleteMultipartUpload"},
    Row{kRgw, Law::complete_knows_its_uploads,
        "the service answers 500, 'already in progress', so that the outcome is unknown"},
    Row{kRgw, Law::copy_knows_the_version,
        "the service ignores x-amz-copy-source-if-match: what was copied is told by its token "
        "only"},
    Row{kRgw, Law::metadata_keep_spaces_at_their_ends,
        "metadata travel in HTTP headers, whose ends are trimmed on the way"},
    Row{kRgw, Law::metadata_names_keep_underscores, "the service turns '_' into '-'"}};

constexpr std::size_t kLongestElement = 255;

std::string_view refusal_of_file(std::string_view key) {
  for (std::string_view rest = key;;) {
    const std::size_t slash = rest.find('/');
    const std::string_view element = rest.substr(0, slash);
    if (element.empty()) return "empty elements are no names of files";
    if (element == "." || element == "..") return "they lead elsewhere";
    if (element.size() > kLongestElement) return "names of files have at most 255 bytes";
    if (slash == std::string_view::npos) return {};
    rest.remove_prefix(slash + 1);
  }
}

}  // namespace

testing::AssertionResult keeps(Kind store, Law law, bool kept) {
  const auto declared = std::ranges::find_if(kDeviations, [store, law](const Row& row) {
    return row.law == law && std::ranges::find(row.stores, store) != row.stores.end();
  });
  const bool deviates = declared != kDeviations.end();
  if (kept != deviates) return testing::AssertionSuccess();
  if (!deviates) return testing::AssertionFailure() << to_string(store) << " breaks this law";
  return testing::AssertionFailure()
         << to_string(store) << " keeps this law now; deviations.cc says "
         << "that it does not: " << declared->reason;
}

// Ceph RGW 16 answers most of them with a 500.
bool may_leave_losers_in_doubt(Kind store) { return std::ranges::find(kRgw, store) != kRgw.end(); }

std::string_view refusal_of(Kind store, std::string_view key) {
  return is_on_files(store) ? refusal_of_file(key) : std::string_view();
}

}  // namespace godwit::conformance
