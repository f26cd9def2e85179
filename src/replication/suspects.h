#pragma once

#include <map>
#include <string>

#include "journal/journal.h"

namespace godwit::replication {

struct Engine;
struct Target;

/// Keys of the primary at which an older write may land yet: it was a target when somebody gave up
/// waiting for the answer of that write. Until then nobody writes such a key, nor reads it there.
using Suspects = std::map<std::string, journal::Doubt>;

/// Of a target that becomes primary. Failure: the journal's.
[[nodiscard]] Task<Suspects> find_suspects(Engine& engine, const std::string& target);

/// Of the primary that an earlier process has left: it does not know how long ago, so that they
/// last for the whole window again.
[[nodiscard]] Suspects recover_suspects(Engine& engine);

/// Once nothing can land any more, sees to it that the primary has what it had, or a newer one.
/// Until `context` is cancelled.
[[nodiscard]] asio::awaitable<void> settle_suspects(Context context, Engine& engine);

}  // namespace godwit::replication
