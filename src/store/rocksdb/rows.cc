#include "store/rocksdb/rows.h"

#include <array>

namespace godwit::rocks {
namespace {

template <class T>
void append_big_endian(std::string& row, T number) {
  for (std::size_t i = sizeof number; i-- > 0;) row += static_cast<char>(number >> (8 * i));
}

template <class T>
T big_endian(std::string_view bytes) {
  T number = 0;
  for (const char c : bytes) number = static_cast<T>(number << 8 | static_cast<unsigned char>(c));
  return number;
}

constexpr std::array kFields = {&Metadata::content_type,        &Metadata::cache_control,
                                &Metadata::content_disposition, &Metadata::content_encoding,
                                &Metadata::content_language,    &Metadata::expires,
                                &Metadata::storage_class};

class Writer {
 public:
  /// Seven bits a byte, the lowest first; all but the last have the eighth set.
  void add(std::uint64_t number) {
    for (; number >= 0x80; number >>= 7) row_ += static_cast<char>(number | 0x80);
    row_ += static_cast<char>(number);
  }
  void add(std::string_view text) {
    add(std::uint64_t{text.size()});
    row_ += text;
  }
  void add(WallTime time) { add(static_cast<std::uint64_t>(time.time_since_epoch().count())); }
  void add(const std::map<std::string, std::string>& pairs) {
    add(std::uint64_t{pairs.size()});
    for (const auto& [name, value] : pairs) {
      add(std::string_view(name));
      add(std::string_view(value));
    }
  }
  [[nodiscard]] std::string take() { return std::move(row_); }

 private:
  std::string row_;
};

/// What `Writer` wrote. After the end, and after nonsense, all is empty and `whole` is false.
class Reader {
 public:
  explicit Reader(std::string_view row) : rest_(row) {}

  std::uint64_t number() {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      number |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return number;
    }
    return broken();
  }
  std::string text() {
    const std::uint64_t size = number();
    if (size > rest_.size()) broken();
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(text.size());
    return std::string(text);
  }
  WallTime time() { return WallTime(Duration(static_cast<Duration::rep>(number()))); }
  std::map<std::string, std::string> pairs() {
    std::map<std::string, std::string> pairs;
    for (std::uint64_t left = number(); left > 0 && !broken_; --left) {
      std::string name = text();
      pairs[std::move(name)] = text();
    }
    return pairs;
  }
  /// All was there, and nothing else.
  [[nodiscard]] bool whole() const { return !broken_ && rest_.empty(); }
  [[nodiscard]] bool is_broken() const { return broken_; }

 private:
  std::uint64_t broken() {
    broken_ = true;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool broken_ = false;
};

std::unexpected<Error> no_row(const char* of) {
  return fail(Code::corrupted, std::string("a row of ") + of + " cannot be read");
}

}  // namespace

std::string object_row(std::string_view key) { return kObjects + std::string(key); }

std::string chunk_row(std::uint64_t number, std::uint32_t index) {
  std::string row = "c";
  append_big_endian(row, number);
  append_big_endian(row, index);
  return row;
}

std::string unowned_row(std::uint64_t number) {
  std::string row = kUnowned;
  append_big_endian(row, number);
  return row;
}

std::string upload_row(std::string_view id) { return kUploads + std::string(id); }

std::string part_rows(std::string_view id) { return "p" + std::string(id) + "/"; }

std::string part_row(std::string_view id, std::uint32_t number) {
  std::string row = part_rows(id);
  append_big_endian(row, number);
  return row;
}

std::string behind(std::string prefix) {
  // No name of ours ends in the highest byte where a prefix does.
  ++prefix.back();
  return prefix;
}

std::uint64_t number_of_unowned(std::string_view row) {
  return big_endian<std::uint64_t>(row.substr(1));
}

std::uint32_t number_of_part(std::string_view row) {
  return big_endian<std::uint32_t>(row.substr(row.size() - sizeof(std::uint32_t)));
}

std::string encode(const Header& header) {
  Writer row;
  row.add(header.size);
  row.add(header.modified);
  row.add(std::string_view(header.etag));
  row.add(std::uint64_t{header.runs.size()});
  for (const Run& run : header.runs) {
    row.add(run.number);
    row.add(run.size);
  }
  for (const auto field : kFields) row.add(std::string_view(header.metadata.*field));
  row.add(header.metadata.user);
  row.add(header.metadata.tags);
  return row.take();
}

Result<Header> decode_header(std::string_view bytes) {
  Reader row(bytes);
  Header header;
  header.size = row.number();
  header.modified = row.time();
  header.etag = row.text();
  for (std::uint64_t left = row.number(); left > 0 && !row.is_broken(); --left) {
    const std::uint64_t number = row.number();
    header.runs.push_back({number, row.number()});
  }
  for (const auto field : kFields) header.metadata.*field = row.text();
  header.metadata.user = row.pairs();
  header.metadata.tags = row.pairs();
  if (!row.whole()) return no_row("an object");
  return header;
}

std::string encode(const UploadRow& upload) {
  Writer row;
  row.add(std::string_view(upload.key));
  row.add(upload.started);
  return row.take();
}

Result<UploadRow> decode_upload(std::string_view bytes) {
  Reader row(bytes);
  UploadRow upload;
  upload.key = row.text();
  upload.started = row.time();
  if (!row.whole()) return no_row("an upload");
  return upload;
}

std::string encode_number(std::uint64_t number) {
  Writer row;
  row.add(number);
  return row.take();
}

Result<std::uint64_t> decode_number(std::string_view bytes) {
  Reader row(bytes);
  const std::uint64_t number = row.number();
  if (!row.whole()) return no_row("numbers");
  return number;
}

}  // namespace godwit::rocks
