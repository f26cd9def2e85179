#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "store/rocksdb/uploads.h"
#include "world/disk.h"

namespace godwit::rocks {

/// What is in one open database. Whoever has it keeps the database open.
struct Tables {
  explicit Tables(std::unique_ptr<kv::Database> opened, kv::Durability durability)
      : database(std::move(opened)),
        bodies(*database),
        objects(*database, bodies, durability),
        uploads(*database, bodies, objects) {}

  std::unique_ptr<kv::Database> database;
  Bodies bodies;
  Objects objects;
  Uploads uploads;
};

enum class OnMissing : std::uint8_t { error, empty };

struct PlaceOptions {
  std::string directory;
  kv::DatabaseOptions database;
  kv::Durability durability = kv::Durability::now;
  OnMissing missing = OnMissing::error;
};

/// A directory with a database, which the first call opens. Stores of one process share it, since
/// it can be open only once; what the first of them wanted holds. Thread-safe.
class Place {
 public:
  Place(kv::Engine& engine, Disk& disk, PlaceOptions options)
      : engine_(engine), disk_(disk), options_(std::move(options)) {}

  /// Blocks. Failure: of kv::Engine::open; not_found where there is no store, unless it was to be
  /// made; unsupported for a database of something else.
  [[nodiscard]] Result<std::shared_ptr<Tables>> tables();

 private:
  [[nodiscard]] Result<std::shared_ptr<Tables>> open() const;
  [[nodiscard]] Result<void> check_format(kv::Database& database) const;
  [[nodiscard]] std::unexpected<Error> not_there() const;

  kv::Engine& engine_;
  Disk& disk_;
  const PlaceOptions options_;
  std::mutex opening_;
  std::shared_ptr<Tables> tables_;
};

}  // namespace godwit::rocks
