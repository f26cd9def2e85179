// Somebody writes to a target behind the group's back; a callback makes one body of both.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <semaphore>
#include <set>
#include <sstream>
#include <string>

#include "godwit/replicated_store.h"

namespace {

std::set<std::string> lines_of(const std::string& text) {
  std::set<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.insert(line);
  return lines;
}

/// The lines of both, each once, in order. Regions merge in any order and more than once, so a
/// merger must not care: it is commutative, associative and idempotent, up to the byte.
godwit::Result<std::string> merge_lines(const godwit::MergeInput& input) {
  std::set<std::string> lines = lines_of(input.ours.body);
  lines.merge(lines_of(input.theirs.body));
  std::string merged;
  for (const std::string& line : lines) merged += line + "\n";
  return merged;
}

godwit::ReplicationConfig make_config(const std::string& lab) {
  godwit::ReplicationConfig config;
  config.name = "lists";
  config.data_dir = lab + "/data";
  config.primary = {.name = "sgp1", .url = "rocksdb://" + lab + "/sgp1", .region = "sgp1"};
  config.targets = {{.name = "nyc3", .url = "file://" + lab + "/nyc3", .region = "nyc3"}};
  config.conflict_resolution = godwit::ConflictPolicy::merge;
  config.merger = "lines";
  config.mergers["lines"] = merge_lines;
  return config;
}

/// Looks for a law that the merger breaks on bodies such as the application writes.
bool keeps_the_laws() {
  const std::vector<godwit::MergeSide> samples{{.body = "a\nb\n", .version = {.epoch = 1}},
                                               {.body = "b\nc\n", .version = {.epoch = 2}},
                                               {.body = "", .version = {.epoch = 3}}};
  return !godwit::check_merger(merge_lines, samples, "text/plain");
}

int run(const std::string& lab) {
  if (!keeps_the_laws()) return 1;
  std::filesystem::remove_all(lab);
  std::filesystem::create_directories(lab + "/nyc3");
  std::ofstream(lab + "/nyc3/list") << "bread\nsalt\n";

  const auto store = godwit::ReplicatedStore::open(make_config(lab)).value();
  std::counting_semaphore<> seen(0);
  const auto handler = store->on_event([&](const godwit::Event& event) {
    if (event.type == godwit::EventType::write_replicated && event.key == "list") seen.release();
  });
  (void)store->put("list", "bread\nwine\n").value();
  seen.acquire();
  store->remove_handler(handler.value());

  const std::string merged = store->get("list").value().body;
  const auto metrics = store->metrics().value();
  std::printf("%s%llu conflicts, %llu resolved\n", merged.c_str(),
              static_cast<unsigned long long>(metrics.conflicts_detected),
              static_cast<unsigned long long>(metrics.conflicts_resolved));
  (void)store->close(std::chrono::seconds(10));
  std::filesystem::remove_all(lab);
  return merged == "bread\nsalt\nwine\n" ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::filesystem::path temporary = std::filesystem::temp_directory_path();
    return run(argc > 1 ? argv[1] : temporary / "godwit-conflicts");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
