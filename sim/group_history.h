#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "version/version.h"

namespace godwit::sim {

/// One write that a client of a group tried.
struct ClientWrite {
  std::uint64_t number = 0;  ///< grows; its start comes after that of all with a smaller one
  bool removes = false;
  /// When the client was told that it took effect: the version that it got.
  std::optional<godwit::Version> acknowledged;
  bool in_full = false;  ///< acknowledged by as many as the mode asks for
  bool failed = false;   ///< for certain: it must never be seen
  /// How many writes had begun when its client heard of its end; 0: it has not.
  std::uint64_t ended = 0;
};

/// What clients of a group did, and what they may see of it.
class GroupHistory {
 public:
  ClientWrite& begin(const std::string& key, bool removes);
  void end(ClientWrite& write) const { write.ended = last_; }
  [[nodiscard]] static std::string body_of(const std::string& key, std::uint64_t number);

  /// The newest write of the key that was acknowledged; 0: there is none.
  [[nodiscard]] std::uint64_t acknowledged(const std::string& key) const;
  [[nodiscard]] std::optional<godwit::Version> newest_acknowledged(const std::string& key) const;
  /// The newest write of the key that has begun; 0: none has.
  [[nodiscard]] std::uint64_t newest(const std::string& key) const;
  /// What is wrong with `body` (nothing: no object) as the state of `key`, seen after write
  /// `since` was acknowledged.
  [[nodiscard]] std::optional<std::string> judge(const std::string& key,
                                                 const std::optional<std::string>& body,
                                                 std::uint64_t since) const;
  /// The write of which `body` is, if it is that of one which was acknowledged.
  [[nodiscard]] const ClientWrite* acknowledged_with(const std::string& key,
                                                     const std::string& body) const;
  /// The number of the write, if it was a success for its client; else 0.
  [[nodiscard]] std::uint64_t in_full(const std::string& key, const godwit::Version& version) const;
  [[nodiscard]] std::vector<std::string> keys() const;

 private:
  [[nodiscard]] bool may_stand(const std::string& key, const ClientWrite& write,
                               std::uint64_t since) const;

  std::uint64_t last_ = 0;
  // In the order of their starts; addresses stay.
  std::map<std::string, std::map<std::uint64_t, ClientWrite>> writes_;
};

}  // namespace godwit::sim
