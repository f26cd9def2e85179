#pragma once

#include "replication/engine.h"
#include "replication/group.h"

namespace godwit::replication {

/// From where a read is answered.
class Router {
 public:
  explicit Router(Engine& engine) : engine_(engine) {}

  [[nodiscard]] Task<ReadResult> get(const Context& context, const std::string& key,
                                     const ReadOptions& options);
  /// From where `get` would read, and as fresh.
  [[nodiscard]] Task<HeadResult> head(const Context& context, const std::string& key,
                                      const ReadOptions& options);
  /// Of the primary, without our own objects.
  [[nodiscard]] std::unique_ptr<Listing> list(const ListOptions& options);

 private:
  /// Asks one store; fills all but `from`.
  template <class T>
  using Ask = Task<T> (*)(const Context& context, Store& store, const std::string& key,
                          const ReadOptions& options);
  template <class T>
  [[nodiscard]] Task<T> first_answer(const Context& context, const std::string& key,
                                     const ReadOptions& options, Ask<T> ask);
  /// Targets in the order in which they are asked; the primary is "".
  [[nodiscard]] std::vector<std::string> candidates(const ReadOptions& options);
  /// Its region, and how far it is as measured.
  [[nodiscard]] std::pair<std::string, int> place_of_answer(const std::string& name) const;
  [[nodiscard]] bool eligible(const Target& target) const;
  /// Null for a target that is none any more.
  [[nodiscard]] Store* store_of(const std::string& name) const;

  Engine& engine_;
  std::uint64_t turn_ = 0;
};

}  // namespace godwit::replication
