#include "replication/payload.h"

#include "base/packing.h"
#include "store/packed_metadata.h"

namespace godwit::replication {

std::string encode_payload(const Metadata& metadata, const std::string& body) {
  constexpr std::size_t kAbout = 256;
  Packer packer;
  packer.reserve(body.size() + kAbout);
  pack(packer, metadata);
  packer.add(std::string_view(body));
  return packer.take();
}

Result<Payload> decode_payload(const std::string& bytes) {
  Unpacker unpacker(bytes);
  Payload payload;
  payload.metadata = unpack_metadata(unpacker);
  payload.body = unpacker.text();
  if (unpacker.whole()) return payload;
  return fail(Code::corrupted, "the journal has a damaged row: what a write carries");
}

}  // namespace godwit::replication
