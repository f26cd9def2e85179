#include "kv/sim_engine.h"

#include <utility>

namespace godwit::kv {

void SimEngine::replay(const Batch& batch, Rows& rows) {
  for (const Batch::Change& change : batch.changes()) {
    switch (change.kind) {
      case Batch::Kind::put: {
        const auto [row, added] = rows.try_emplace(change.key);
        if (!added) row->second.before = std::move(row->second.bytes);
        row->second.bytes = change.value;
        break;
      }
      case Batch::Kind::erase: rows.erase(change.key); break;
      case Batch::Kind::erase_once: erase_once(change.key, rows); break;
      case Batch::Kind::erase_range:
        if (change.key < change.value) {
          rows.erase(rows.lower_bound(change.key), rows.lower_bound(change.value));
        }
        break;
    }
  }
}

void SimEngine::erase_once(const std::string& key, Rows& rows) {
  const auto row = rows.find(key);
  if (row == rows.end()) return;
  if (row->second.before) {
    row->second.bytes = *std::exchange(row->second.before, std::nullopt);
  } else {
    rows.erase(row);
  }
}

class SimDatabase final : public Database {
 public:
  SimDatabase(SimEngine& engine, SimEngine::Table& table)
      : engine_(engine), table_(table), life_(engine.life_) {
    table_.open = true;
  }
  ~SimDatabase() override {
    if (life_ == engine_.life_) table_.open = false;
  }

  [[nodiscard]] Result<std::optional<std::string>> get(std::string_view key) override {
    GODWIT_CHECK(engine_.begin(life_, &EngineFaults::read_error));
    return find(key);
  }

  [[nodiscard]] Result<std::vector<std::optional<std::string>>> get_many(
      const std::vector<std::string>& keys) override {
    GODWIT_CHECK(engine_.begin(life_, &EngineFaults::read_error));
    std::vector<std::optional<std::string>> found;
    found.reserve(keys.size());
    for (const std::string& key : keys) found.push_back(find(key));
    return found;
  }

  [[nodiscard]] Result<void> write(const Batch& batch, Durability durability) override {
    GODWIT_CHECK(engine_.begin(life_, nullptr));
    if (engine_.strikes(engine_.faults_.no_space)) {
      return fail(Code::no_space, "write the database: No space left on device");
    }
    if (engine_.strikes(engine_.faults_.write_error)) return write_fails(batch);
    SimEngine::replay(batch, table_.rows);
    table_.failed.reset();
    table_.unsynced.push_back(batch);
    if (durability == Durability::now) {
      for (const Batch& each : table_.unsynced) SimEngine::replay(each, table_.durable);
      table_.unsynced.clear();
    }
    return {};
  }

  [[nodiscard]] Result<std::vector<Row>> scan(const Range& range) override {
    GODWIT_CHECK(engine_.begin(life_, &EngineFaults::read_error));
    std::vector<Row> rows;
    Bytes bytes = 0;
    for (auto at = table_.rows.lower_bound(range.first); at != table_.rows.end(); ++at) {
      const bool past = !range.end.empty() && at->first >= range.end;
      if (past || rows.size() >= range.most) break;
      bytes += at->first.size() + at->second.bytes.size();
      if (!rows.empty() && bytes > range.most_bytes) break;
      rows.push_back({at->first, at->second.bytes});
    }
    return rows;
  }

 private:
  [[nodiscard]] std::optional<std::string> find(std::string_view key) const {
    const auto found = table_.rows.find(key);
    if (found == table_.rows.end()) return std::nullopt;
    return found->second.bytes;
  }

  // The record may have reached the log although nobody sees it: a restart tells.
  [[nodiscard]] Result<void> write_fails(const Batch& batch) {
    if (engine_.strikes(0.5)) table_.failed = batch;
    return fail(Error(Code::unavailable, "write the database: Input/output error")
                    .with(Retry::never)
                    .with(Outcome::unknown));
  }

  SimEngine& engine_;
  SimEngine::Table& table_;
  std::uint64_t life_;
};

void SimEngine::crash(Crash kind) {
  down_ = true;
  ++life_;
  for (auto& [directory, table] : tables_) {
    if (table.failed) table.unsynced.push_back(*std::exchange(table.failed, std::nullopt));
    std::size_t kept = table.unsynced.size();
    if (kind == Crash::power) kept = static_cast<std::size_t>(random_() % (kept + 1));
    for (std::size_t i = 0; i < kept; ++i) replay(table.unsynced[i], table.durable);
    table.unsynced.clear();
    table.rows = table.durable;
    table.open = false;
  }
}

Result<std::unique_ptr<Database>> SimEngine::open(const std::string& directory,
                                                  const DatabaseOptions& /*options*/) {
  GODWIT_CHECK(begin(life_, nullptr));
  Table& table = tables_[directory];
  if (table.open) {
    return fail(Code::precondition_failed, directory + " is in use by another process");
  }
  return std::make_unique<SimDatabase>(*this, table);
}

Result<void> SimEngine::begin(std::uint64_t life, double EngineFaults::* fault) {
  if (on_call_ && !down_ && life == life_) on_call_();
  if (down_ || life != life_) return fail(Code::unavailable, "the process has died");
  if (fault != nullptr && strikes(faults_.*fault)) {
    return fail(Code::unavailable, "read the database: Input/output error");
  }
  return {};
}

bool SimEngine::strikes(double share) { return sim_storage::strikes(random_, share); }

}  // namespace godwit::kv
