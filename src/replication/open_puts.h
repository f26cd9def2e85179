#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>

#include "version/version.h"

namespace godwit::replication {

/// Puts whose bytes are on their way while nothing is locked, and whether a newer write of their
/// key has come before their end.
/// Concurrency: engine executor.
class OpenPuts {
 public:
  /// One of them, while it lives.
  class Place {
   public:
    Place(OpenPuts& puts, std::string key, Version version);
    Place(Place&&) = delete;
    ~Place();

    /// A newer write of the key has been committed since.
    [[nodiscard]] bool superseded() const { return superseded_; }

   private:
    friend class OpenPuts;

    OpenPuts& puts_;
    std::string key_;
    Version version_;
    bool superseded_ = false;
  };

  /// A write of the key was committed.
  void committed(const std::string& key, const Version& version);
  [[nodiscard]] bool contains(const std::string& key) const { return places_.contains(key); }
  [[nodiscard]] std::size_t count() const { return places_.size(); }

 private:
  std::unordered_multimap<std::string, Place*> places_;
};

}  // namespace godwit::replication
