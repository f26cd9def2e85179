#pragma once

#include <optional>
#include <string>

#include "godwit/object.h"
#include "store/coding/frames.h"
#include "store/coding/key_file.h"

namespace godwit::coding {

/// How a body was coded, as the store keeps it with the object, in user metadata:
/// `godwit-coding` ("zstd", "aes-256-gcm", "gzip+aes-256-gcm"), and, where they were known when the
/// put began, `godwit-size` and `godwit-etag`, both of the plain body. Of a sealed one these two
/// are sealed too, in `godwit-sealed` ("KEYID:BASE64" of the salt and the text): an MD5 tells who
/// guesses a body that the guess is right.
struct Mark {
  Compression compression = Compression::none;
  std::optional<Seal> seal;
  std::optional<Bytes> size;
  std::string etag;  ///< empty: not known
};

/// Precondition: `keys` has the key of `mark.seal`.
void write_mark(const Mark& mark, const KeyRing* keys, Metadata& metadata);

/// Takes the mark out of what a store told; nothing when the body is as it was put.
/// Failure: unsupported for a coding that we do not know; permission_denied without the key;
/// corrupted for nonsense.
[[nodiscard]] Result<std::optional<Mark>> take_mark(const KeyRing* keys, Metadata& metadata);

/// That `metadata` of a new object has no mark: its body would be taken for coded.
/// Failure: invalid_argument.
[[nodiscard]] Result<void> check_unmarked(const Metadata& metadata);

}  // namespace godwit::coding
