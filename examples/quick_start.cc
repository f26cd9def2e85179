// One replicated store over an embedded database and two directories, on this machine alone.
#include <cstdio>
#include <filesystem>
#include <string>

#include "godwit/replicated_store.h"

using namespace std::chrono_literals;

namespace {

godwit::ReplicationConfig make_config(const std::string& lab) {
  godwit::ReplicationConfig config;
  config.name = "backups";
  config.data_dir = lab + "/data";  // the journal, and who is primary
  config.region = "sgp1";           // where this program runs
  config.primary = {.name = "sgp1", .url = "rocksdb://" + lab + "/sgp1", .region = "sgp1"};
  config.targets = {{.name = "nyc3", .url = "file://" + lab + "/nyc3", .region = "nyc3"},
                    {.name = "ams3", .url = "file://" + lab + "/ams3", .region = "ams3"}};
  config.mode = godwit::Mode::semi_sync;
  config.min_sync_replicas = 1;  // a write waits for one of the two
  return config;
}

int use(godwit::ReplicatedStore& store) {
  const auto receipt = store.put("2026/11/21.log", "a flight without a stop");
  if (!receipt) {
    // What went wrong, whether to try again, and whether it took effect all the same.
    const godwit::Error& error = receipt.error();
    std::fprintf(stderr, "%s; %s\n", error.to_string().c_str(),
                 error.outcome() == godwit::Outcome::applied ? "stored" : "not stored");
    return 1;
  }
  for (const godwit::TargetAck& target : receipt->targets) {
    const bool has_it = target.ack == godwit::Ack::acknowledged;
    std::printf("%s %s\n", target.target.c_str(), has_it ? "has it" : "will get it");
  }

  // From any store that answers; never older than what was acknowledged.
  const auto object = store.get("2026/11/21.log", {.preference = godwit::ReadPreference::nearest});
  if (!object) return 1;
  std::printf("%s says: %s\n", object->head.from.c_str(), object->body.c_str());

  const auto print = [](const godwit::ListEntry& entry) {
    std::printf("%s, %llu bytes\n", entry.key.c_str(), static_cast<unsigned long long>(entry.size));
    return true;  // go on
  };
  return store.list({.prefix = "2026/"}, print) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::filesystem::path temporary = std::filesystem::temp_directory_path();
  const std::string lab = argc > 1 ? argv[1] : temporary / "godwit-quick-start";
  std::filesystem::remove_all(lab);
  auto store = godwit::ReplicatedStore::open(make_config(lab));
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().to_string().c_str());
    return 1;
  }
  const int failed = use(**store);

  // Up to ten seconds for what is on its way. The rest stays in the journal for the next time.
  const auto left = (*store)->close(10s);
  if (!left) return 1;
  std::printf("%s\n", left->drained ? "all is everywhere" : "to be continued");
  std::filesystem::remove_all(lab);
  return failed != 0 || !left->drained ? 1 : 0;
}
