#include "transfer/progress.h"

#include <utility>

namespace godwit::transfer {

std::string_view to_string(EventKind kind) {
  switch (kind) {
    case EventKind::copied: return "copied";
    case EventKind::would_copy: return "would_copy";
    case EventKind::deleted: return "deleted";
    case EventKind::would_delete: return "would_delete";
    case EventKind::failed: return "failed";
    case EventKind::retried: return "retried";
    case EventKind::resumed: return "resumed";
    case EventKind::missing: return "missing";
    case EventKind::extra: return "extra";
    case EventKind::different: return "different";
    case EventKind::doubtful: return "doubtful";
    case EventKind::metadata_only: return "metadata_only";
    case EventKind::unreadable: return "unreadable";
    case EventKind::note: return "note";
  }
  std::unreachable();
}

Task<void> Observer::room() { co_return Result<void>(); }

}  // namespace godwit::transfer
