#include "transfer/run.h"

#include <utility>

#include "base/checksum.h"
#include "transfer/spool.h"
#include "world/disk.h"
#include "world/signal.h"

namespace godwit::transfer {
namespace {

Result<std::shared_ptr<void>> lock_file(Disk& disk, const std::string& directory,
                                        const std::string& path) {
  GODWIT_CHECK(disk.make_directory(directory, Access::owner_only));
  return disk.lock(path);
}

/// One batch of removals, in a slot of its own.
asio::awaitable<void> remove_batch(const Context& context, Store& store,
                                   std::vector<std::string> keys, CopyResources resources) {
  Result<std::vector<Result<void>>> removed = co_await store.remove(context, keys);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const Result<void>* one = removed ? &(*removed)[i] : nullptr;
    const Error* error = !removed ? &removed.error() : !*one ? &one->error() : nullptr;
    ++(error == nullptr ? resources.progress.deleted : resources.progress.delete_failed);
    const Event event{.kind = error == nullptr ? EventKind::deleted : EventKind::failed,
                      .key = keys[i],
                      .bytes = 0,
                      .error = error,
                      .message = "delete"};
    resources.observer.on_event(event);
  }
  resources.slots.release(removed ? Ended::well : Ended::badly, 0);
}

}  // namespace

Result<void> check_pair(const StorePair& stores) {
  const StoreIdentity& source = stores.source.identity();
  const StoreIdentity& target = stores.target.identity();
  if (source.place == target.place) {
    return fail(Error(Code::invalid_argument, "source and target are one place: " + source.url)
                    .with_hint("name two different buckets, prefixes or directories"));
  }
  if (source.place.starts_with(target.place) || target.place.starts_with(source.place)) {
    return fail(Error(Code::invalid_argument,
                      "one lies inside the other: " + source.url + " and " + target.url)
                    .with_hint("name two places that share no object"));
  }
  return {};
}

std::string pair_name(const std::string& source, const std::string& target) {
  const std::string both = std::to_string(source.size()) + ":" + source + target;
  return to_hex(ByteSpan(sha256(as_bytes(both))).first(16));
}

Task<std::shared_ptr<void>> lock_pair(const Context& context, const StorePair& stores,
                                      const std::string& state_directory) {
  if (state_directory.empty()) co_return nullptr;
  const std::string directory = state_directory + "/locks";
  const std::string path =
      directory + "/" + pair_name(stores.source.identity().place, stores.target.identity().place) +
      ".lock";
  auto work = [&disk = context.world().disk(), directory, path] {
    return lock_file(disk, directory, path);
  };
  Result<std::shared_ptr<void>> held = co_await run_blocking(context.world(), std::move(work));
  if (!held && held.error().code() == Code::precondition_failed) {
    co_return fail(Error(Code::precondition_failed, "another run of this pair is under way (" +
                                                        stores.source.identity().url + " to " +
                                                        stores.target.identity().url + ")")
                       .with_hint("wait for it, or end it; a lock of a dead process does not "
                                  "count"));
  }
  co_return held;
}

Task<void> remove_keys(const Context& context, Store& store, KeySpool& keys,
                       CopyResources resources) {
  TaskGroup batches(resources.world.executor());
  Result<void> outcome;
  while (outcome) {
    outcome = context.check();
    if (!outcome) break;
    Result<std::vector<std::string>> batch = co_await keys.next(store.capabilities().max_removes);
    if (!batch) {
      outcome = fail(std::move(batch).error());
    } else if (batch->empty()) {
      break;
    } else {
      co_await resources.slots.acquire();
      batches.spawn(remove_batch(context, store, *std::move(batch), resources));
    }
  }
  co_await batches.join();
  co_return outcome;
}

}  // namespace godwit::transfer
