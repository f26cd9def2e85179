// The primary is moved, first as planned, then because it is lost. `.value()` throws where a call
// fails, which ends this program; see quick_start.cc for handling errors.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

#include "godwit/replicated_store.h"

namespace {

godwit::ReplicationConfig make_config(const std::string& lab) {
  godwit::ReplicationConfig config;
  config.name = "backups";
  config.data_dir = lab + "/data";
  config.primary = {.name = "sgp1", .url = "rocksdb://" + lab + "/sgp1", .region = "sgp1"};
  config.targets = {{.name = "nyc3", .url = "file://" + lab + "/nyc3", .region = "nyc3"},
                    {.name = "ams3", .url = "file://" + lab + "/ams3", .region = "ams3"}};
  config.mode = godwit::Mode::sync;
  // A write to a lost primary may still land there for so long; only then is it compared.
  config.late_write_window = std::chrono::seconds(1);
  return config;
}

void planned(godwit::ReplicatedStore& store) {
  // Waits until nyc3 has everything, holds writes back for a moment, and changes the roles.
  const auto report = store.move_primary({.to = "nyc3"}).value();
  std::printf("%s -> %s, epoch %u\n", report.from.c_str(), report.to.c_str(), report.epoch);
}

void unplanned(godwit::ReplicatedStore& store) {
  // What would happen? Nothing changes.
  const auto plan =
      store.move_primary({.kind = godwit::MoveKind::failover, .dry_run = true}).value();
  std::printf("%s would take over, %zu writes at risk\n", plan.to.c_str(), plan.at_risk.size());

  const auto report = store.move_primary({.kind = godwit::MoveKind::failover}).value();
  for (const godwit::WriteAtRisk& write : report.at_risk) {
    std::printf("only the lost primary has %s\n", write.key.c_str());
  }
}

int run(const std::string& lab) {
  std::filesystem::remove_all(lab);
  const auto store = godwit::ReplicatedStore::open(make_config(lab)).value();
  (void)store->put("k", "1").value();
  planned(*store);
  (void)store->put("k", "2").value();
  unplanned(*store);
  (void)store->put("k", "3").value();
  const auto status = store->status().value();
  std::printf("%s takes the writes of epoch %u\n", status.primary.c_str(), status.epoch);
  const bool good = store->get("k").value().body == "3" && status.epoch == 3;
  (void)store->close(std::chrono::seconds(10));
  std::filesystem::remove_all(lab);
  return good ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::filesystem::path temporary = std::filesystem::temp_directory_path();
    return run(argc > 1 ? argv[1] : temporary / "godwit-failover");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
