#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace godwit::s3 {

/// Walks once over the elements of an XML document, as S3 services write them: elements, text,
/// references, comments; attributes are passed over.
///
/// Strict, so that what was cut or spoiled on the way is never taken for whole: every element must
/// be closed by its name, and there is one root. Document types and CDATA, which no service sends,
/// are refused like what is not well-formed.
/// Cost: about a nanosecond per four bytes; allocates nothing. `xml` must outlive the reader.
class XmlReader {
 public:
  explicit XmlReader(std::string_view xml);

  enum class Event : std::uint8_t { start, end, finished, broken };
  /// The next tag. After `finished` and `broken` it stays so.
  Event next();
  /// Of the element that started or ended.
  [[nodiscard]] std::string_view name() const { return name_; }
  /// How many elements are open: 1 in the root. At a start and at an end, the element counts.
  [[nodiscard]] std::size_t depth() const { return depth_ + (at_end_ ? 1 : 0); }
  /// At an end: the text of an element without children, as it is written, with its references.
  [[nodiscard]] std::string_view raw_text() const { return text_; }

 private:
  Event open();
  Event close();
  Event fail();
  bool take_start_tag();
  bool take_end_tag();
  bool skip_markup();

  static constexpr std::size_t kDeepest = 16;

  std::string_view rest_;
  std::string_view name_;
  std::string_view text_;
  std::array<std::string_view, kDeepest> open_{};
  std::size_t depth_ = 0;
  bool at_end_ = false;
  bool leaf_ = false;           // nothing but text since the last start
  bool close_pending_ = false;  // of `<Element/>`
  bool seen_root_ = false;
  bool broken_ = false;
};

/// Text with its references (`&amp;`, `&#10;`) resolved; nothing when one is none.
[[nodiscard]] std::optional<std::string> resolve_references(std::string_view raw);

}  // namespace godwit::s3
