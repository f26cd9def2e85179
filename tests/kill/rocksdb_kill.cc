// A process that puts is killed at any moment, again and again: what it had acknowledged is there
// afterwards, and what is there is whole. `rocksdb_kill [ROUNDS]`; exits 1 at a broken promise.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "kill/child.h"
#include "kv/rocks_engine.h"
#include "store/rocksdb/rocks_store.h"
#include "support/run_task.h"
#include "world/real/real_world.h"

namespace godwit {
namespace {

constexpr int kKeys = 40;
constexpr int kSizes = 5;
constexpr std::size_t kStep = 150'000;
constexpr int kLongestRound = 400'000;  // microseconds

std::string key_of(int version) { return "k" + std::to_string(version % kKeys); }

std::string body_of(int version) {
  std::string bytes = std::to_string(version) + ":";
  bytes.resize(bytes.size() + static_cast<std::size_t>(version % kSizes) * kStep,
               static_cast<char>('a' + version % 26));
  return bytes;
}

Task<PutResult> put(Context context, Store& store, int version) {
  const std::string key = key_of(version);
  std::string bytes = body_of(version);
  const Bytes size = bytes.size();
  MemoryBody body(std::move(bytes));
  const Upload upload{&body, size};
  const PutOptions options;
  co_return co_await store.put(context, key, upload, options);
}

Task<std::string> get(Context context, Store& store, std::string key) {
  const GetOptions options;
  GODWIT_CO_TRY(GetResult got, co_await store.get(context, key, options));
  co_return co_await read_all(*got.body, kGiB);
}

/// The store in a world of its own, as one process has it.
struct Process {
  explicit Process(const std::string& directory)
      : store(scheme
                  .open(world,
                        parse_store_url("rocksdb://" + directory + "?missing=empty", "/").value())
                  .value()) {}

  RealWorld world;
  Context context{world};
  kv::RocksEngine engine;
  SchemeInfo scheme = rocks::rocksdb_scheme(engine);
  std::unique_ptr<Store> store;
};

/// Puts versions from `first` on, and says each that is acknowledged.
int put_for_ever(const std::string& directory, int first) {
  Process process(directory);
  for (int version = first;; ++version) {
    const auto stored =
        test::run_task(process.world, put(process.context, *process.store, version));
    if (!stored) {
      std::fprintf(stderr, "%s\n", stored.error().to_string().c_str());
      return 1;
    }
    if (::write(STDOUT_FILENO, &version, sizeof version) != sizeof version) return 1;
  }
}

/// Whether a key holds a version that is whole and no older than the last one acknowledged.
bool is_kept(Process& process, const std::string& key, int acknowledged) {
  const auto bytes = test::run_task(process.world, get(process.context, *process.store, key));
  if (!bytes) {
    if (bytes.error().code() == Code::not_found && acknowledged == 0) return true;
    std::fprintf(stderr, "%s\n", bytes.error().to_string().c_str());
    return false;
  }
  const int version = std::atoi(bytes->c_str());
  if (version >= acknowledged && key_of(version) == key && *bytes == body_of(version)) return true;
  std::fprintf(stderr, "%s holds version %d, not %d, or is not whole\n", key.c_str(), version,
               acknowledged);
  return false;
}

/// Looks at all keys, after versions up to `last` were acknowledged.
int check(const std::string& directory, int last) {
  Process process(directory);
  bool kept = true;
  for (int back = 0; back < kKeys; ++back) {
    const int version = last - back;
    const int residue = ((version % kKeys) + kKeys) % kKeys;
    kept = is_kept(process, "k" + std::to_string(residue), std::max(version, 0)) && kept;
  }
  return kept ? 0 : 1;
}

int run(int rounds) {
  const std::string directory =
      std::filesystem::temp_directory_path() / ("rocksdb-kill-" + std::to_string(::getpid()));
  std::mt19937 random(1);
  int last = 0;
  bool good = true;
  for (int round = 0; round < rounds && good; ++round) {
    const test::Child writer =
        test::Child::start("put", directory, static_cast<std::uint64_t>(last) + 1);
    ::usleep(static_cast<useconds_t>(random() % kLongestRound));
    ::kill(writer.pid, SIGKILL);
    int version = 0;
    while (::read(writer.output, &version, sizeof version) == sizeof version) last = version;
    good = writer.wait() == -1;
    const test::Child checker =
        test::Child::start("check", directory, static_cast<std::uint64_t>(last));
    good = checker.wait() == 0 && good;
  }
  std::printf("%d rounds, %d puts acknowledged: %s\n", rounds, last, good ? "all kept" : "BROKEN");
  std::filesystem::remove_all(directory);
  return good ? 0 : 1;
}

}  // namespace
}  // namespace godwit

int main(int count, char** words) {
  const std::string what = count > 1 ? words[1] : "";
  if (what == "put") return godwit::put_for_ever(words[2], std::atoi(words[3]));
  if (what == "check") return godwit::check(words[2], std::atoi(words[3]));
  constexpr int kRounds = 20;
  return godwit::run(count > 1 ? std::atoi(words[1]) : kRounds);
}
