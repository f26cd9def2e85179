#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "store/store.h"
#include "transfer/copy.h"
#include "world/signal.h"

namespace godwit::transfer {

/// Some bytes of a body that lie together, shared by all who send them.
struct BodyPart {
  PartPlace place;
  std::shared_ptr<const std::string> bytes;
};

/// An upload in parts of a body that is still coming in: its parts are added as they come, and
/// sent several at once. Nothing becomes visible before `complete`.
///
/// Its owner has one task run `run` to its end. Ends with `complete` or `abandon`; whoever needs
/// what has arrived for something else calls `stop`.
/// Memory: the parts that are `behind`; the owner bounds them.
/// Concurrency: engine executor. Lives no longer than the store.
class PartUpload {
 public:
  static constexpr std::size_t kStreams = 4;

  /// `context` bounds all that is sent, `patience` each try of a part.
  PartUpload(const Context& context, Store& store, std::string key, PutOptions options,
             Duration patience);
  PartUpload(PartUpload&&) = delete;

  /// Sends what is added; returns when all has arrived and nothing more comes (`seal`), or at the
  /// first failure.
  [[nodiscard]] asio::awaitable<void> run();
  /// Never waits. After a failure the part is dropped.
  void add(BodyPart part);
  /// Nothing more is added.
  void seal();
  /// Parts that were added and have not arrived.
  [[nodiscard]] std::size_t behind() const { return pending_.size() + sending_; }
  /// Returns once no more than `most` parts are behind. Failure: the upload's; the context's.
  [[nodiscard]] Task<void> until_behind(const Context& context, std::size_t most);
  /// Returns once `run` has ended well. Failure: the upload's; the context's.
  [[nodiscard]] Task<void> until_sent(const Context& context);
  /// As Multipart::complete, of all that was added; after `until_sent`.
  [[nodiscard]] Task<PutResult> complete(const Context& context,
                                         const Precondition& replaced = kAnything);
  /// Sends nothing more; returns when `run` has ended.
  [[nodiscard]] asio::awaitable<void> stop();
  /// `stop`, and frees what has arrived, as far as the store answers (`godwit gc` finds the rest).
  [[nodiscard]] asio::awaitable<void> abandon();
  /// With what a copy can go on from what has arrived; nothing when the upload was not begun.
  [[nodiscard]] std::optional<std::string> id() const;

 private:
  [[nodiscard]] asio::awaitable<void> stream();
  [[nodiscard]] Task<PartInfo> send(const BodyPart& part);
  [[nodiscard]] Task<PartInfo> send_once(const BodyPart& part);
  [[nodiscard]] Task<void> wait(const Context& context);
  void changed();

  Context context_;
  Multipart& multipart_;
  PutOptions options_;
  Duration patience_;
  CancelSource stopped_;
  UploadId upload_;
  std::deque<BodyPart> pending_;
  std::size_t sending_ = 0;
  std::map<std::uint32_t, PartInfo> arrived_;
  std::optional<Error> error_;
  bool sealed_ = false;
  bool ended_ = false;
  Signal more_;         // streams wait for parts
  CancelSource heard_;  // others wait for anything to change
};

}  // namespace godwit::transfer
