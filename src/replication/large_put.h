#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "replication/engine.h"

namespace godwit::replication {

/// A body that comes in, of a length that may not be known yet.
struct Incoming {
  Body* body = nullptr;
  std::optional<Bytes> size;  ///< that it must have; absent: as far as it reaches
};

/// A put whose body is too large to be held: it goes to the primary in parts as it comes in, and
/// to the targets beside it (see Drafts). Nothing is locked meanwhile, so a slow writer holds up
/// nobody. Its version is that of its beginning, which stores such as S3 fix with the upload;
/// whether a newer write has come before its end is known at the end.
///
/// Memory: a few parts, fewer the more such puts there are. Ends with `complete` or `abandon`.
/// Concurrency: engine executor.
class LargePut {
 public:
  /// At once; further ones wait.
  static constexpr std::size_t kMost = 32;

  /// `context` bounds all that is sent. The primary has multipart uploads.
  LargePut(Engine& engine, const Context& context, std::string key, Metadata metadata, Mode mode);
  LargePut(LargePut&&) = delete;
  ~LargePut();

  /// Reads the body to its end, after `begun`, which was read of it before; the primary has all
  /// parts when it returns. Failure: what the body failed with; invalid_argument for another size
  /// than it announced; limit_exceeded beyond the primary's parts; the primary's. Then nothing is
  /// visible.
  [[nodiscard]] Task<void> receive(const Incoming& incoming, std::string begun);
  /// Makes it visible at the primary, as Store::put. The drafts are for the deliveries then.
  [[nodiscard]] Task<PutResult> complete(const Context& context);
  /// Frees what was uploaded: everywhere, or, when it may become visible yet, at the targets only.
  [[nodiscard]] asio::awaitable<void> abandon(Outcome outcome);

  [[nodiscard]] const Version& version() const { return version_; }
  [[nodiscard]] Bytes size() const { return size_; }
  /// A newer write of the key was committed since this one began.
  [[nodiscard]] bool superseded() const { return place_.superseded(); }
  /// The primary is the one that it was at the beginning.
  [[nodiscard]] bool is_current() const { return version_.epoch == engine_.epoch; }

 private:
  struct Teed {
    Drafts::Name name;
    std::shared_ptr<Drafts::Draft> draft;
    Duration patience;
  };

  [[nodiscard]] Result<Bytes> part_size(std::optional<Bytes> size) const;
  void begin_drafts(Bytes part_size, std::optional<Bytes> size);
  [[nodiscard]] Task<void> give(transfer::BodyPart part);
  [[nodiscard]] asio::awaitable<void> tee(const transfer::BodyPart& part);
  [[nodiscard]] std::size_t most_behind() const;

  Engine& engine_;
  Context context_;
  std::string key_;
  Mode mode_;
  Version version_;
  PutOptions options_;
  OpenPuts::Place place_;
  transfer::PartUpload primary_;
  std::vector<Teed> teed_;
  Bytes size_ = 0;
  bool begun_ = false;
  TaskGroup tasks_;
};

}  // namespace godwit::replication
