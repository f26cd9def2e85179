#include "store/rocksdb/calls.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "store/receive.h"

namespace godwit::rocks {

Task<Draft> Calls::receive(const Context& context, Upload upload) const {
  auto begin = [](const std::shared_ptr<Tables>& tables) { return tables->bodies.draft(); };
  GODWIT_CO_TRY(Draft draft, co_await run(std::move(begin)));
  const Result<void> received = co_await receive_into(context, draft, upload);
  if (received) co_return draft;
  auto discard = [draft = std::move(draft)](const std::shared_ptr<Tables>& tables) -> Result<void> {
    tables->bodies.discard(draft);
    return {};
  };
  (void)co_await run(std::move(discard));
  co_return fail(Error(received.error()));
}

Task<void> Calls::receive_into(const Context& context, Draft& draft, Upload upload) const {
  for (Bytes left = upload.size; left > 0;) {
    const auto size = static_cast<std::size_t>(std::min<Bytes>(left, kChunk));
    GODWIT_CO_TRY(std::string chunk, co_await read_piece(upload, size));
    GODWIT_CO_CHECK(context.check());
    left -= size;
    auto append = [&draft,
                   chunk = std::move(chunk)](const std::shared_ptr<Tables>& tables) mutable {
      return tables->bodies.append(draft, std::move(chunk));
    };
    GODWIT_CO_CHECK(co_await run(std::move(append)));
  }
  if (upload.body == nullptr) co_return Result<void>();
  co_return co_await expect_end(upload);
}

Description Calls::description() const {
  std::array<char, 20> token{};
  std::snprintf(token.data(), token.size(), "r-%016llx",
                static_cast<unsigned long long>(world_.random()));
  return {.now = world_.wall_now(), .token = token.data()};
}

Task<void> Calls::close() {
  auto work = [place = std::exchange(place_, nullptr)]() mutable -> Result<void> {
    place.reset();
    return {};
  };
  co_return co_await run_blocking(world_, std::move(work));
}

}  // namespace godwit::rocks
