#include "store/packed_metadata.h"

#include <array>

namespace godwit {
namespace {

constexpr std::array kFields = {&Metadata::content_type,        &Metadata::cache_control,
                                &Metadata::content_disposition, &Metadata::content_encoding,
                                &Metadata::content_language,    &Metadata::expires,
                                &Metadata::storage_class};

}  // namespace

void pack(Packer& into, const Metadata& metadata) {
  for (const auto field : kFields) into.add(std::string_view(metadata.*field));
  into.add(metadata.user);
  into.add(metadata.tags);
}

Metadata unpack_metadata(Unpacker& from) {
  Metadata metadata;
  for (const auto field : kFields) metadata.*field = from.text();
  metadata.user = from.pairs();
  metadata.tags = from.pairs();
  return metadata;
}

}  // namespace godwit
