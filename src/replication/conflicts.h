#pragma once

#include <string>

#include "replication/writer.h"

namespace godwit::replication {

/// Where losers of conflicts are kept in their own store: `.godwit/rescue/VERSION/KEY`. A key that
/// would be too long so is cut, with its checksum at the end; it is whole in the user metadata
/// `godwit-key`.
[[nodiscard]] std::string rescue_key(const std::string& key, const ObjectInfo& loser);

/// What was seen is no longer so; says nothing against the target.
[[nodiscard]] Error changed_meanwhile(const Store& primary, const std::string& key);

/// What happens to the objects of a conflict, beyond who wins.
/// Concurrency: engine executor.
class Conflicts {
 public:
  /// All outlive this.
  Conflicts(Engine& engine, Writer& writer) : engine_(engine), writer_(writer) {}

  /// Keeps the object that is about to be replaced or removed, in its own store. Fine when it is
  /// gone. Failure: the store's; then the loser must not go.
  [[nodiscard]] Task<void> rescue(const Context& context, Store& store, const std::string& key);

  /// Makes one body of the primary's and the target's, and writes it through the group if it is
  /// another one than the primary's. Failure: precondition_failed when they cannot be merged: then
  /// a person must choose. Yields the target's object, as it went into that body.
  [[nodiscard]] Task<ObjectInfo> merge(const Context& context, Target& target,
                                       const std::string& key, const Outrun& outrun);

  /// Writes the target's object through the group, as a new version; the primary's, if there is
  /// one, is rescued. Yields the target's. Failure: precondition_failed when the primary's changed
  /// meanwhile, or a newer write has come; unavailable when the target's changed.
  [[nodiscard]] Task<ObjectInfo> adopt_anew(const Context& context, Target& target,
                                            const std::string& key, const Outrun& outrun);

  /// A person's choice about a key whose conflict waits as a dead letter. What is not kept is
  /// rescued where it was. Failure: not_found where the target has no such object.
  [[nodiscard]] Task<void> resolve(const Context& context, Target& target, const std::string& key,
                                   Standing keep);

 private:
  [[nodiscard]] Task<std::string> body(const Context& context, Store& store, const std::string& key,
                                       ObjectInfo& info);

  Engine& engine_;
  Writer& writer_;
};

}  // namespace godwit::replication
