#include "store/receive.h"

#include <array>

namespace godwit {

std::unexpected<Error> wrong_length(Upload upload) {
  return fail(Code::corrupted,
              "the body is not as long as its " + std::to_string(upload.size) + " bytes");
}

Task<std::string> read_piece(Upload upload, std::size_t size) {
  std::string bytes(size, '\0');
  const MutableByteSpan space = std::as_writable_bytes(std::span(bytes));
  GODWIT_CO_TRY(const std::size_t count, co_await read_full(*upload.body, space));
  if (count < size) co_return wrong_length(upload);
  co_return bytes;
}

Task<void> expect_end(Upload upload) {
  std::array<std::byte, 1> beyond{};
  GODWIT_CO_TRY(const std::size_t more, co_await upload.body->read(beyond));
  if (more > 0) co_return wrong_length(upload);
  co_return Result<void>();
}

Task<std::string> read_exactly(Upload upload) {
  std::string bytes;
  if (upload.size > 0) {
    GODWIT_CO_TRY(bytes, co_await read_piece(upload, upload.size));
  }
  if (upload.body != nullptr) GODWIT_CO_CHECK(co_await expect_end(upload));
  co_return bytes;
}

}  // namespace godwit
