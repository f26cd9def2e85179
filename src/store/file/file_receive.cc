#include "store/file/file_receive.h"

#include <algorithm>

namespace godwit::file {
namespace {

constexpr std::size_t kPiece = 256 * kKiB;

std::unexpected<Error> wrong_length(Bytes announced) {
  return fail(Code::corrupted,
              "the body is not as long as its " + std::to_string(announced) + " bytes");
}

Task<void> expect_end(Body& body, Bytes announced) {
  std::array<std::byte, 1> beyond{};
  GODWIT_CO_TRY(const std::size_t more, co_await body.read(beyond));
  if (more > 0) co_return wrong_length(announced);
  co_return Result<void>();
}

}  // namespace

Task<void> receive_into(const Context& context, File& file, Bytes offset, Upload upload) {
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(kPiece);
  Bytes done = 0;
  while (done < upload.size) {
    const auto want = static_cast<std::size_t>(std::min<Bytes>(kPiece, upload.size - done));
    const MutableByteSpan space(buffer.get(), want);
    GODWIT_CO_TRY(const std::size_t count, co_await read_full(*upload.body, space));
    if (count < want) co_return wrong_length(upload.size);
    auto write = [&file, at = offset + done, bytes = ByteSpan(space)] {
      return file.write_at(at, bytes);
    };
    GODWIT_CO_CHECK(co_await run_blocking(context.world(), std::move(write)));
    GODWIT_CO_CHECK(context.check());
    done += count;
  }
  co_return co_await expect_end(*upload.body, upload.size);
}

Task<std::string> read_exactly(Upload upload) {
  std::string bytes(upload.size, '\0');
  const MutableByteSpan space = std::as_writable_bytes(std::span(bytes));
  if (upload.size > 0) {
    GODWIT_CO_TRY(const std::size_t count, co_await read_full(*upload.body, space));
    if (count < upload.size) co_return wrong_length(upload.size);
  }
  if (upload.body != nullptr) GODWIT_CO_CHECK(co_await expect_end(*upload.body, upload.size));
  co_return bytes;
}

}  // namespace godwit::file
