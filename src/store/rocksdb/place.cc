#include "store/rocksdb/place.h"

#include <utility>

namespace godwit::rocks {

Result<std::shared_ptr<Tables>> Place::tables() {
  const std::lock_guard lock(opening_);
  if (!tables_) {
    GODWIT_TRY(tables_, open());
  }
  return tables_;
}

Result<std::shared_ptr<Tables>> Place::open() const {
  if (options_.missing == OnMissing::error) {
    // A mistyped path makes no directory.
    const Result<FileStat> directory = disk_.stat(options_.directory);
    if (!directory && directory.error().code() == Code::not_found) return not_there();
  }
  GODWIT_TRY(std::unique_ptr<kv::Database> database,
             engine_.open(options_.directory, options_.database));
  GODWIT_CHECK(check_format(*database));
  auto tables = std::make_shared<Tables>(std::move(database), options_.durability);
  GODWIT_CHECK(tables->bodies.sweep());
  return tables;
}

Result<void> Place::check_format(kv::Database& database) const {
  GODWIT_TRY(const auto format, database.get(kFormatRow));
  if (format == kFormat) return {};
  kv::Range any;
  any.most = 1;
  GODWIT_TRY(const std::vector<kv::Row> rows, database.scan(any));
  if (!rows.empty()) {
    return fail(Code::unsupported,
                options_.directory + " holds a database of something else, or of a newer godwit");
  }
  if (options_.missing == OnMissing::error) return not_there();
  kv::Batch batch;
  batch.put(kFormatRow, kFormat);
  return database.write(batch, kv::Durability::now);
}

std::unexpected<Error> Place::not_there() const {
  return fail(Error(Code::not_found, "there is no store in " + options_.directory)
                  .with_hint("check the path; an empty store may be meant by missing=empty"));
}

}  // namespace godwit::rocks
