#pragma once

#include <memory>
#include <string>

#include "sim/history.h"
#include "sim/scenario.h"
#include "store/store.h"
#include "world/sim/sim_world.h"

namespace godwit::sim {

/// Whoever changes the source: no part of the process under test, and never disturbed.
class SourceWriter {
 public:
  /// `memory`: the source where it is no directory; else null, and `root` is the directory.
  SourceWriter(SimWorld& world, const Workload& workload, Store* memory, std::string root,
               History& history);

  /// One change of one object.
  [[nodiscard]] asio::awaitable<void> change();
  /// The same, of a directory, within a call of the disk.
  void change_file();

 private:
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return world_.random() % bound; }
  [[nodiscard]] std::string draw_key();
  [[nodiscard]] Version draw_version(const std::string& key);
  [[nodiscard]] bool strikes(double share);
  [[nodiscard]] asio::awaitable<void> change_memory();
  [[nodiscard]] Task<PutResult> put_in_parts(std::string key, Version version);
  [[nodiscard]] Task<PutResult> put_whole(std::string key, Version version);
  [[nodiscard]] Result<void> remove(const std::string& key);
  [[nodiscard]] Result<void> replace(const std::string& key, const Version& version);
  [[nodiscard]] Result<void> edit(const std::string& key, const Version& version);
  [[nodiscard]] Result<void> fill(File& file, const Version& version);
  [[nodiscard]] Result<void> sync_names(const std::string& key);

  SimWorld& world_;
  const Workload& workload_;
  Store* memory_;
  std::string root_;
  History& history_;
  WallTime last_modified_{};
};

}  // namespace godwit::sim
