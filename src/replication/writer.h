#pragma once

#include <functional>

#include "replication/engine.h"
#include "replication/group.h"

namespace godwit::replication {

/// Whether something newer has come meanwhile.
using Outrun = std::function<bool()>;

/// The way of a write (design: "A write in primary–replica").
///
///   1. the key's lock; a version from the clock
///   2. the intent, durable in the journal
///   3. the primary's store. Failed for certain: the intent goes. Unknown: it stays, see `settle`
///   4. the intent becomes a task of each target
///   5. by mode: acks of targets are awaited
///
/// A large body (large_put.h) takes its version and goes to the primary before step 1, and step 3
/// makes it visible.
class Writer {
 public:
  explicit Writer(Engine& engine) : engine_(engine) {}

  [[nodiscard]] Task<Receipt> put(const Context& context, const std::string& key,
                                  const Incoming& incoming, const WriteOptions& options);
  [[nodiscard]] Task<Receipt> remove(const Context& context, const std::string& key,
                                     const WriteOptions& options);
  /// A put that may pass while the gate is closed, and waits for no acks: that of a target's object
  /// that has won, whose agent ends before the primary moves. `outrun` is asked under the key's
  /// lock, and says whether a newer write has come than led to this, or one may: where there is no
  /// object, the options cannot tell that. Failure: precondition_failed then.
  [[nodiscard]] Task<void> replace(const Context& context, const std::string& key, Upload upload,
                                   const WriteOptions& options, const Outrun& outrun);
  /// Finds out, for as long as it takes, what became of writes whose answer was lost.
  [[nodiscard]] asio::awaitable<void> settle(Context context);
  /// After a write: drops the backlogs that are over their limit.
  void bound_backlogs();

 private:
  struct Pending;
  [[nodiscard]] Task<void> put_body(const Context& context, Pending& write,
                                    const Incoming& incoming);
  [[nodiscard]] Task<void> put_large(const Context& context, Pending& write,
                                     const Incoming& incoming, std::string begun);
  [[nodiscard]] Task<void> admit(const Context& context, Pending& write);
  [[nodiscard]] Task<void> apply(const Context& context, Pending& write);
  [[nodiscard]] Task<void> wait_until_settled(const Context& context, const std::string& key);
  [[nodiscard]] Task<void> check_expected(const Context& context, const Pending& write);
  [[nodiscard]] static journal::Write promise_of(const Pending& write);
  [[nodiscard]] std::string payload_of(const Pending& write) const;
  [[nodiscard]] Task<journal::Sequence> begin(const Context& context, const Pending& write);
  [[nodiscard]] Task<void> give_up(const Pending& write, journal::Sequence intent, Error error);
  [[nodiscard]] Task<void> store(const Context& context, Pending& write);
  [[nodiscard]] Task<PutResult> put_to_primary(const Context& context, const Pending& write);
  [[nodiscard]] Task<Receipt> acknowledge(const Context& context, Pending& write);
  void commit_of_old(const journal::Unsettled& unsettled);
  [[nodiscard]] Task<bool> settle_one(const Context& context, const journal::Unsettled& unsettled);

  Engine& engine_;
  std::uint64_t writes_ = 0;
};

}  // namespace godwit::replication
