#pragma once

#include <cstdint>

#include "store/store.h"

namespace godwit::transfer {

/// Sends one part by `send`, a callable that yields Task<PartInfo>, up to three times, with pauses,
/// while the failures are such that a later try may succeed. Adds further tries to `retries`.
template <class Send>
[[nodiscard]] Task<PartInfo> send_with_tries(const Context& context, Send& send,
                                             std::uint64_t& retries) {
  constexpr std::size_t kMost = 3;
  constexpr Duration kPause = std::chrono::milliseconds(200);
  for (std::size_t tries = 1;; ++tries) {
    Result<PartInfo> part = co_await send();
    if (part || part.error().retry() == Retry::never || tries == kMost) co_return part;
    ++retries;
    GODWIT_CO_CHECK(co_await context.sleep(kPause * tries));
  }
}

}  // namespace godwit::transfer
