#pragma once

#include <string>

#include "replication/engine.h"
#include "replication/writer.h"

namespace godwit::replication {

/// Takes what others have written to the primary, or removed there, behind our back, for a write.
///
/// Whoever says that something has happened to a key is only believed that it may have: the primary
/// is looked at, under the key's lock. What stands there is no news if it is what we wrote or saw
/// there last; nor if it is ours while a lost primary, which may have a newer one, is not compared;
/// nor if there is nothing of what may have been lost with it.
/// Else it gets a version, and an intent in the journal, and from there on is a write
/// like any other: nothing of it is lost by a crash. The primary's object is not touched; its
/// copies say of which version they are, and of what (versioned.h). Concurrency: engine executor.
class Noticed {
 public:
  Noticed(Engine& engine, Writer& writer) : engine_(engine), writer_(writer) {}

  /// Waits while the primary moves.
  /// Failure: unavailable while a write of ours of that key is under way, or may land yet, and that
  /// of a primary that does not answer: to be called again; precondition_failed for a removal at a
  /// primary that has lost its marker; the journal's.
  [[nodiscard]] Task<Notice> notice(const Context& context, const std::string& key);
  /// The same, for a delivery that has found it and lacks it: also when it was noticed before, for
  /// that task was dropped. It may go on while the gate is closed.
  [[nodiscard]] Task<Notice> notice_again(const Context& context, const std::string& key);

 private:
  [[nodiscard]] Result<void> check_settled(const std::string& key) const;
  [[nodiscard]] Task<std::optional<ObjectInfo>> look_when_settled(const Context& context,
                                                                  const std::string& key) const;
  [[nodiscard]] Task<Notice> written(const std::string& key, const ObjectInfo& there);
  [[nodiscard]] Task<Notice> of_ours(const std::string& key, const ObjectInfo& there);
  [[nodiscard]] Task<Notice> lost_with_its_primary(const std::string& key);
  [[nodiscard]] Task<Notice> removed(const Context& context, const std::string& key);
  [[nodiscard]] Task<void> promise(journal::Write write);

  Engine& engine_;
  Writer& writer_;
};

}  // namespace godwit::replication
