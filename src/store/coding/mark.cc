#include "store/coding/mark.h"

#include <algorithm>
#include <charconv>

#include "base/checksum.h"

namespace godwit::coding {
namespace {

constexpr const char* kCoding = "godwit-coding";
constexpr const char* kSize = "godwit-size";
constexpr const char* kEtag = "godwit-etag";
constexpr const char* kSealed = "godwit-sealed";
constexpr std::string_view kAes = "aes-256-gcm";
/// In a sealed text, in place of a size.
constexpr std::string_view kUnknown = "-";

std::string name_of(const Mark& mark) {
  std::string name;
  if (mark.compression != Compression::none) name = to_string(mark.compression);
  if (mark.seal) name += (name.empty() ? "" : "+") + std::string(kAes);
  return name;
}

std::unexpected<Error> bad_mark(const std::string& what) {
  return fail(Code::corrupted, "the metadata say nonsense of how the body is coded: " + what);
}

std::optional<std::string> take(Metadata& metadata, const char* name) {
  auto found = metadata.user.extract(name);
  if (!found) return std::nullopt;
  return std::move(found.mapped());
}

Result<void> read_size(std::string_view text, Mark& mark) {
  Bytes size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc() || end != text.data() + text.size()) return bad_mark("its size");
  mark.size = size;
  return {};
}

Result<void> read_names(std::string_view names, Mark& mark) {
  const std::string_view first = names.substr(0, names.find('+'));
  const std::string_view rest =
      first.size() == names.size() ? std::string_view() : names.substr(first.size() + 1);
  if (first == to_string(Compression::zstd)) mark.compression = Compression::zstd;
  if (first == to_string(Compression::gzip)) mark.compression = Compression::gzip;
  if (first == kAes || rest == kAes) mark.seal.emplace();
  if (name_of(mark) == names) return {};
  return fail(Error(Code::unsupported, "the body is coded with '" + std::string(names) + "'")
                  .with_hint("perhaps a newer godwit wrote it"));
}

/// "KEYID:BASE64" of the salt and the sealed "SIZE ETAG".
Result<void> read_sealed(const std::optional<std::string>& value, const KeyRing* keys, Mark& mark) {
  const std::size_t colon = value ? value->find(':') : std::string::npos;
  if (colon == std::string::npos) return bad_mark("its key");
  Seal& seal = *mark.seal;
  seal.key_id = value->substr(0, colon);
  if (!check_key_id(seal.key_id)) return bad_mark("its key");
  const auto bytes = from_base64(std::string_view(*value).substr(colon + 1));
  if (!bytes || bytes->size() < seal.salt.size()) return bad_mark("its salt");
  std::ranges::copy(as_bytes(*bytes).first(seal.salt.size()), seal.salt.begin());
  if (keys == nullptr) {
    return fail(Error(Code::permission_denied, "it is sealed with key '" + seal.key_id +
                                                   "', and the store was opened without a key file")
                    .with_hint("add encryption_key_file = \"FILE\" to the store"));
  }
  GODWIT_TRY(const MasterKey* key, keys->find(seal.key_id));
  GODWIT_TRY(const std::string text,
             open_text(*key, seal, as_bytes(*bytes).subspan(seal.salt.size())));
  const std::size_t space = text.find(' ');
  if (space == std::string::npos) return bad_mark("its size");
  mark.etag = text.substr(space + 1);
  const std::string_view size = std::string_view(text).substr(0, space);
  return size == kUnknown ? Result<void>() : read_size(size, mark);
}

std::string sealed_value(const Mark& mark, const MasterKey& key) {
  std::string text = mark.size ? std::to_string(*mark.size) : std::string(kUnknown);
  text += " " + mark.etag;
  const std::string bytes =
      std::string(as_text(mark.seal->salt)) + seal_text(key, *mark.seal, text);
  return mark.seal->key_id + ":" + to_base64(as_bytes(bytes));
}

}  // namespace

void write_mark(const Mark& mark, const KeyRing* keys, Metadata& metadata) {
  metadata.user[kCoding] = name_of(mark);
  if (mark.seal) {
    metadata.user[kSealed] = sealed_value(mark, *keys->find(mark.seal->key_id).value());
    return;
  }
  if (mark.size) metadata.user[kSize] = std::to_string(*mark.size);
  if (!mark.etag.empty()) metadata.user[kEtag] = mark.etag;
}

Result<std::optional<Mark>> take_mark(const KeyRing* keys, Metadata& metadata) {
  const auto coding = take(metadata, kCoding);
  const auto size = take(metadata, kSize);
  const auto etag = take(metadata, kEtag);
  const auto sealed = take(metadata, kSealed);
  if (!coding) return std::nullopt;
  Mark mark;
  GODWIT_CHECK(read_names(*coding, mark));
  if (mark.seal) {
    GODWIT_CHECK(read_sealed(sealed, keys, mark));
    return mark;
  }
  if (size) {
    GODWIT_CHECK(read_size(*size, mark));
  }
  mark.etag = etag.value_or("");
  return mark;
}

Result<void> check_unmarked(const Metadata& metadata) {
  if (!metadata.user.contains(kCoding)) return {};
  return fail(Error(Code::invalid_argument, "its metadata say that the body is coded already")
                  .with_hint("open the store that it comes from with its compression or its "
                             "encryption_key_file"));
}

}  // namespace godwit::coding
