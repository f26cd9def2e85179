#include "transfer/gc.h"

namespace godwit::transfer {

Task<GcSummary> gc(const Context& context, Store& store, const std::string& prefix,
                   Duration older_than, Run run, Observer& observer) {
  Multipart* multipart = store.multipart();
  if (multipart == nullptr) {
    co_return fail(Error(Code::unsupported, "this store has no multipart uploads")
                       .at(place_of(store, "gc", prefix)));
  }
  GODWIT_CO_TRY(const std::vector<UploadId> uploads, co_await multipart->list(context, prefix));
  const WallTime before = context.world().wall_now() - older_than;
  GcSummary summary;
  for (const UploadId& upload : uploads) {
    ++summary.found;
    if (upload.started > before) continue;
    Result<void> aborted;
    if (run == Run::real) aborted = co_await multipart->abort(context, upload);
    ++(aborted ? summary.removed : summary.failed);
    const EventKind done = run == Run::real ? EventKind::deleted : EventKind::would_delete;
    const Event event{.kind = aborted ? done : EventKind::failed,
                      .key = upload.key,
                      .bytes = 0,
                      .error = aborted ? nullptr : &aborted.error(),
                      .message = upload.id};
    observer.on_event(event);
  }
  co_return summary;
}

}  // namespace godwit::transfer
