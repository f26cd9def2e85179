#include "store/coding/coded_upload.h"

#include <algorithm>
#include <utility>

namespace godwit::coding {
namespace {

/// Coded at once, so that little more than a part waits to be sent.
constexpr std::size_t kPiece = kMiB;
constexpr std::size_t kPartsOfOneSize = 1000;
constexpr std::size_t kTries = 3;
constexpr Duration kPause = std::chrono::milliseconds(200);

}  // namespace

CodedUpload::CodedUpload(World& world, Store& inner, UploadId upload, const Coding& coding)
    : world_(world), inner_(inner), upload_(std::move(upload)), encoder_(coding) {}

Bytes CodedUpload::part_size() const {
  const Capabilities& can = inner_.capabilities();
  const Bytes size = kInHand << (parts_.size() / kPartsOfOneSize);
  return std::clamp(size, can.min_part_size, can.max_part_size);
}

Task<void> CodedUpload::add(const Context& context, std::string plain) {
  Result<void> sent;
  for (std::size_t at = 0; at < plain.size(); at += kPiece) {
    auto encode = [this, piece = std::string_view(plain).substr(at, kPiece)] {
      encoder_.add(as_bytes(piece), unsent_);
      return true;
    };
    (void)co_await run_blocking(world_, std::move(encode));
    // After a failure all of it is coded nevertheless: it is not added again.
    if (sent) sent = co_await send_full(context);
  }
  co_return sent;
}

Task<void> CodedUpload::finish(const Context& context) {
  if (!std::exchange(finished_, true)) {
    auto end = [this] {
      encoder_.finish(unsent_);
      return true;
    };
    (void)co_await run_blocking(world_, std::move(end));
  }
  GODWIT_CO_CHECK(co_await send_full(context));
  if (unsent_.empty()) co_return Result<void>();
  co_return co_await send(context, unsent_.size());
}

Task<void> CodedUpload::send_full(const Context& context) {
  for (Bytes size = part_size(); unsent_.size() >= size; size = part_size()) {
    GODWIT_CO_CHECK(co_await send(context, size));
  }
  co_return Result<void>();
}

Task<void> CodedUpload::send(const Context& context, std::size_t size) {
  const PartPlace place{.number = static_cast<std::uint32_t>(parts_.size() + 1), .offset = offset_};
  for (std::size_t tries = 1;; ++tries) {
    ViewBody body(as_bytes(unsent_).first(size));
    const Upload part{&body, size};
    Result<PartInfo> sent = co_await inner_.multipart()->put_part(context, upload_, place, part);
    if (sent) {
      parts_.push_back(*std::move(sent));
      break;
    }
    if (sent.error().retry() == Retry::never || tries == kTries) {
      co_return fail(std::move(sent).error());
    }
    GODWIT_CO_CHECK(co_await context.sleep(kPause * tries));
  }
  offset_ += size;
  unsent_.erase(0, size);
  co_return Result<void>();
}

Task<PutResult> CodedUpload::complete(const Context& context, const PutOptions& options) {
  co_return co_await inner_.multipart()->complete(context, upload_, parts_, options);
}

Task<void> CodedUpload::abort(const Context& context) {
  co_return co_await inner_.multipart()->abort(context, upload_);
}

}  // namespace godwit::coding
