#include <cstdint>
#include <cstdlib>

#include "store/s3/s3_errors.h"
#include "store/s3/s3_xml.h"
#include "store/s3/s3_xml_reader.h"

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

/// The walk ends, opens as often as it closes, and every refusal becomes an error with words.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace godwit;
  using namespace godwit::s3;
  const std::string_view xml(reinterpret_cast<const char*>(data), size);
  XmlReader reader(xml);
  std::size_t open = 0;
  for (std::size_t events = 0;; ++events) {
    must(events <= size + 1);
    const XmlReader::Event event = reader.next();
    if (event == XmlReader::Event::broken) break;
    if (event == XmlReader::Event::finished) {
      must(open == 0);
      break;
    }
    if (event == XmlReader::Event::start) ++open;
    must(open > 0 && reader.depth() == open && !reader.name().empty());
    if (event == XmlReader::Event::end) --open;
  }
  if (const auto text = resolve_references(xml)) must(text->size() <= size);
  const Refusal refusal{
      .status = 403, .code = find_text(xml, "Code"), .message = find_text(xml, "Message")};
  (void)root_name(xml);
  http::Headers headers;
  headers.add("Retry-After", std::string(xml.substr(0, 64)));
  headers.add("Date", "Sat, 21 Nov 2026 05:31:10 GMT");
  const Error error = to_error(refusal, headers);
  must(!error.message().empty());
  must(!error.retry_after() || *error.retry_after() <= std::chrono::minutes(1));
  return 0;
}
