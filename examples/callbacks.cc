// A hundred writes at once, from one thread, and a body that is written and read piece by piece.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <latch>
#include <span>
#include <string>

#include "godwit/replicated_store.h"

namespace {

constexpr int kWrites = 100;
constexpr std::size_t kLarge = 20'000'000;

godwit::ReplicationConfig make_config(const std::string& lab) {
  godwit::ReplicationConfig config;
  config.name = "events";
  config.data_dir = lab + "/data";
  config.primary = {.name = "sgp1", .url = "rocksdb://" + lab + "/sgp1", .region = "sgp1"};
  config.targets = {{.name = "nyc3", .url = "file://" + lab + "/nyc3", .region = "nyc3"}};
  return config;
}

int write_at_once(godwit::ReplicatedStore& store) {
  std::latch done(kWrites);
  std::atomic<int> failed = 0;
  for (int i = 0; i < kWrites; ++i) {
    // Called once, on the engine's thread: be quick there, and call nothing that waits.
    const auto callback = [&](const godwit::Result<godwit::Receipt>& receipt) {
      if (!receipt) ++failed;
      done.count_down();
    };
    const auto begun = store.put_async("key-" + std::to_string(i), "body", {}, callback);
    if (!begun) callback(std::unexpected(begun.error()));  // too many at once, or closed
  }
  done.wait();
  return failed;
}

void write_in_pieces(godwit::ReplicatedStore& store) {
  std::size_t left = kLarge;
  const auto source = [&](std::span<std::byte> into) -> godwit::Result<std::size_t> {
    const std::size_t count = std::min(into.size(), left);
    std::ranges::fill(into.first(count), std::byte{'x'});
    left -= count;
    return count;  // 0 at the end
  };
  (void)store.put("large", source).value();
}

godwit::Bytes read_in_pieces(godwit::ReplicatedStore& store) {
  godwit::Bytes total = 0;
  const auto sink = [&](std::span<const std::byte> piece) -> godwit::Result<void> {
    total += piece.size();  // on this thread, at its pace
    return {};
  };
  (void)store.get("large", sink).value();
  return total;
}

int run(const std::string& lab) {
  std::filesystem::remove_all(lab);
  const auto store = godwit::ReplicatedStore::open(make_config(lab)).value();
  const int failed = write_at_once(*store);
  write_in_pieces(*store);
  const godwit::Bytes total = read_in_pieces(*store);
  std::printf("%d of %d failed; %llu bytes\n", failed, kWrites,
              static_cast<unsigned long long>(total));
  (void)store->close(std::chrono::seconds(10));
  std::filesystem::remove_all(lab);
  return failed == 0 && total == kLarge ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::filesystem::path temporary = std::filesystem::temp_directory_path();
    return run(argc > 1 ? argv[1] : temporary / "godwit-callbacks");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
