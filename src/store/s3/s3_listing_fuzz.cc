#include <cstdint>
#include <cstdlib>

#include "store/s3/s3_xml.h"

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

/// What is taken for a page is whole: its rows have names, and there is a way on when there is
/// more.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace godwit::s3;
  const std::string_view xml(reinterpret_cast<const char*>(data), size);
  if (const auto page = parse_list_page(xml)) {
    for (const auto& entry : page->entries) must(!entry.key.empty());
    const bool goes_on =
        !page->entries.empty() || !page->next_token.empty() || !page->next_marker.empty();
    must(goes_on || !page->truncated);
  }
  if (const auto page = parse_parts_page(xml)) {
    for (const auto& part : page->parts) must(part.number > 0);
  }
  if (const auto page = parse_uploads_page(xml)) {
    for (const auto& upload : page->uploads) must(!upload.key.empty() && !upload.id.empty());
  }
  (void)parse_remove_answer(xml);
  (void)parse_tags(xml);
  return 0;
}
