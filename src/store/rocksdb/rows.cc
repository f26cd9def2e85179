#include "store/rocksdb/rows.h"

#include "base/packing.h"
#include "store/packed_metadata.h"

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

void add(Packer& row, WallTime time) {
  row.add(static_cast<std::uint64_t>(time.time_since_epoch().count()));
}

WallTime time_of(Unpacker& row) {
  return WallTime(Duration(static_cast<Duration::rep>(row.number())));
}

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
  Packer row;
  row.add(header.size);
  add(row, header.modified);
  row.add(std::string_view(header.etag));
  row.add(std::uint64_t{header.runs.size()});
  for (const Run& run : header.runs) {
    row.add(run.number);
    row.add(run.size);
  }
  pack(row, header.metadata);
  return row.take();
}

Result<Header> decode_header(std::string_view bytes) {
  Unpacker row(bytes);
  Header header;
  header.size = row.number();
  header.modified = time_of(row);
  header.etag = row.text();
  for (std::uint64_t left = row.number(); left > 0 && !row.is_broken(); --left) {
    const std::uint64_t number = row.number();
    header.runs.push_back({number, row.number()});
  }
  header.metadata = unpack_metadata(row);
  if (!row.whole()) return no_row("an object");
  return header;
}

std::string encode(const UploadRow& upload) {
  Packer row;
  row.add(std::string_view(upload.key));
  add(row, upload.started);
  return row.take();
}

Result<UploadRow> decode_upload(std::string_view bytes) {
  Unpacker row(bytes);
  UploadRow upload;
  upload.key = row.text();
  upload.started = time_of(row);
  if (!row.whole()) return no_row("an upload");
  return upload;
}

std::string encode_number(std::uint64_t number) {
  Packer row;
  row.add(number);
  return row.take();
}

Result<std::uint64_t> decode_number(std::string_view bytes) {
  Unpacker row(bytes);
  const std::uint64_t number = row.number();
  if (!row.whole()) return no_row("numbers");
  return number;
}

}  // namespace godwit::rocks
