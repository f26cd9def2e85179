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
  class Race;
  /// Of the one store that `options.from` names.
  template <class T>
  [[nodiscard]] Task<T> answer_of(const Context& context, const std::string& key,
                                  const ReadOptions& options, Ask<T> ask);
  template <class T>
  [[nodiscard]] Task<T> first_answer(const Context& context, const std::string& key,
                                     const ReadOptions& options, Ask<T> ask);
  /// Nothing: what it has is older than what was asked for, or it is no target any more.
  template <class T>
  [[nodiscard]] Task<std::optional<T>> consult(const Context& context, const std::string& name,
                                               const std::string& key, const ReadOptions& options,
                                               Ask<T> ask);
  [[nodiscard]] asio::awaitable<bool> has_newest(const std::string& name, const std::string& key);
  [[nodiscard]] ReadPreference preference_of(const ReadOptions& options) const;
  /// Who is asked, in this order; the primary is "".
  [[nodiscard]] std::vector<std::string> candidates(const std::string& key,
                                                    const ReadOptions& options);
  /// The targets that may be read, whose turn it is first.
  [[nodiscard]] std::vector<std::string> in_turn();
  /// Its region, and how far it is as measured.
  [[nodiscard]] std::pair<std::string, int> place_of_answer(const std::string& name) const;
  [[nodiscard]] bool eligible(const Target& target) const;
  /// Null for a target that is none any more.
  [[nodiscard]] Store* store_of(const std::string& name) const;
  [[nodiscard]] ReadTimes* times_of(const std::string& name) const;

  Engine& engine_;
};

}  // namespace godwit::replication
