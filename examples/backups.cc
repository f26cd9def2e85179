// Backups that another tool writes to the primary's directory are brought to the targets, compared,
// repaired, and measured. `.value()` throws where a call fails, which ends this program; see
// quick_start.cc for handling errors.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>

#include "godwit/replication_manager.h"

namespace {

godwit::ReplicationConfig make_config(const std::string& lab) {
  godwit::ReplicationConfig config;
  config.name = "backups";
  config.data_dir = lab + "/data";
  config.primary = {.name = "sgp1", .url = "file://" + lab + "/sgp1", .region = "sgp1"};
  config.targets = {{.name = "nyc3",
                     .url = "file://" + lab + "/nyc3",
                     .region = "nyc3",
                     .workers = 3,
                     .most_workers = 10}};
  config.alerts.lag = std::chrono::minutes(5);
  config.alerts.queue = 100;
  return config;
}

/// What a backup tool does, which knows nothing of us.
void make_backup(const std::string& path) { std::ofstream(path) << "all of the database"; }

/// One backup, at once and in front of all that waits.
void bring(godwit::ReplicationManager& manager, const std::string& backup) {
  const auto job = manager.replicate(backup, godwit::Priority::urgent).value();
  std::printf("%s\n", godwit::to_json(job.status().value()).c_str());  // perhaps "pending"
  const auto done = job.wait(std::chrono::minutes(1)).value();
  std::printf("%s: %llu bytes\n", done.key.c_str(), static_cast<unsigned long long>(done.size));
}

void bring_over(godwit::ReplicationManager& manager) {
  const auto report = manager.sync_all().value();
  std::printf("%llu of %llu copied, %llu there already\n",
              static_cast<unsigned long long>(report.replicated),
              static_cast<unsigned long long>(report.total),
              static_cast<unsigned long long>(report.skipped));
}

bool check_and_repair(godwit::ReplicationManager& manager) {
  const auto sink = [](const godwit::Finding& finding) -> godwit::Result<void> {
    std::printf("%s\n", godwit::to_json(finding).c_str());
    return {};
  };
  const auto report = manager.verify("nyc3", {.level = godwit::VerifyLevel::content}, sink).value();
  if (report.is_consistent()) return true;

  const auto repaired = manager.repair("nyc3", {.level = godwit::VerifyLevel::content}).value();
  return repaired.is_complete();
}

void measure(godwit::ReplicationManager& manager) {
  const auto status = manager.status().value();
  // More hands for a long queue, by hand; `most_workers` does it by itself.
  if (status.queue_size > 100) (void)manager.set_workers("nyc3", {.least = 10}).value();

  const auto kpis = manager.kpis({.queue = 10, .bytes_per_second = 10e6}).value();
  std::printf("lag %.1f s (%s), %s\n", kpis.lag_seconds.value,
              kpis.lag_seconds.met ? "met" : "not met", godwit::to_json(kpis).c_str());
}

int run(const std::string& lab) {
  std::filesystem::remove_all(lab);
  const auto store = godwit::ReplicatedStore::open(make_config(lab)).value();
  godwit::ReplicationManager manager(*store);
  make_backup(lab + "/sgp1/monday.bak");
  make_backup(lab + "/sgp1/tuesday.bak");
  (void)store->full_sync("nyc3").value();  // a target that is new is compared as a whole first
  make_backup(lab + "/sgp1/wednesday.bak");
  bring(manager, "wednesday.bak");
  bring_over(manager);
  std::filesystem::remove(lab + "/nyc3/monday.bak");
  const bool repaired = check_and_repair(manager);
  const bool stays_right = check_and_repair(manager);
  measure(manager);
  (void)store->close(std::chrono::seconds(10));
  std::filesystem::remove_all(lab);
  return repaired && stays_right ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::filesystem::path temporary = std::filesystem::temp_directory_path();
    return run(argc > 1 ? argv[1] : temporary / "godwit-backups");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
