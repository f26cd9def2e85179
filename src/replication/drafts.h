#pragma once

#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "transfer/part_upload.h"
#include "version/version.h"

namespace godwit::replication {

/// Large bodies that go to targets while the primary still takes them: each is an upload that
/// stays invisible until a delivery of that very version completes it. So a draft can be late, cut
/// off or lost without harm: the delivery copies then what is missing from the primary.
/// Concurrency: engine executor.
class Drafts {
 public:
  struct Draft {
    Draft(const Context& context, Store& store, std::string key, PutOptions options,
          Duration patience)
        : upload(context, store, std::move(key), std::move(options), patience) {}

    Bytes part_size = 0;
    bool whole = true;  ///< all parts were given to it
    transfer::PartUpload upload;
  };
  /// Of what, and for whom.
  struct Name {
    std::string target;
    std::string key;
    Version version;
    [[nodiscard]] auto operator<=>(const Name&) const = default;
  };

  explicit Drafts(World& world) : world_(world), tasks_(world.executor()) {}

  /// Beyond so many no more are begun.
  static constexpr std::size_t kMost = 1000;

  /// `store` is the target's, and outlives `stop`. Sending begins at once. Null: there are too
  /// many.
  [[nodiscard]] std::shared_ptr<Draft> begin(const Name& name, Store& store, PutOptions options,
                                             Duration patience);
  /// The draft of exactly this version, which is the caller's from now on; null: there is none.
  [[nodiscard]] std::shared_ptr<Draft> take(const Name& name);
  /// One that was taken, for the next try.
  void put_back(const Name& name, std::shared_ptr<Draft> draft);
  /// Frees what the store holds of it.
  void free(std::shared_ptr<Draft> draft);
  void drop(const Name& name);
  /// The target holds that version of the key: drafts of it and of older ones are of no use.
  void drop_up_to(const Name& name);
  /// All of a target.
  void drop_target(const std::string& target);
  void drop_all();
  /// Drops all, and returns when nothing is on its way any more.
  [[nodiscard]] asio::awaitable<void> stop();

 private:
  World& world_;
  std::map<Name, std::shared_ptr<Draft>> drafts_;
  TaskGroup tasks_;
};

}  // namespace godwit::replication
