#include "store/file/file_receive.h"

#include <algorithm>

#include "store/receive.h"

namespace godwit::file {
namespace {

constexpr std::size_t kPiece = 256 * kKiB;

}  // namespace

Task<void> receive_into(const Context& context, File& file, Bytes offset, Upload upload) {
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(kPiece);
  Bytes done = 0;
  while (done < upload.size) {
    const auto want = static_cast<std::size_t>(std::min<Bytes>(kPiece, upload.size - done));
    const MutableByteSpan space(buffer.get(), want);
    GODWIT_CO_TRY(const std::size_t count, co_await read_full(*upload.body, space));
    if (count < want) co_return wrong_length(upload);
    auto write = [&file, at = offset + done, bytes = ByteSpan(space)] {
      return file.write_at(at, bytes);
    };
    GODWIT_CO_CHECK(co_await run_blocking(context.world(), std::move(write)));
    GODWIT_CO_CHECK(context.check());
    done += count;
  }
  co_return co_await expect_end(upload);
}

}  // namespace godwit::file
