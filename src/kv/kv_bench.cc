// What RocksDB does as we set it up, on the disk of DIRECTORY:
// `kv_bench DIRECTORY [MILLIONS_OF_ROWS]`; prints one line per case.
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>

#include "kv/rocks_engine.h"
#include "support/measure.h"

namespace godwit::kv {
namespace {

using Clock = std::chrono::steady_clock;
using test::cpu_seconds;
using test::must;

constexpr std::size_t kBatch = 64;
constexpr std::size_t kRow = 100;
constexpr int kDurableBatches = 2'000;
constexpr int kGets = 200'000;
constexpr Bytes kChunk = 256 * kKiB;
constexpr int kChunks = 4'096;

/// Keys spread evenly, so that a row is wherever in the tables.
std::string key_of(std::uint64_t number) {
  char text[32];
  std::snprintf(text, sizeof text, "row/%016llx",
                static_cast<unsigned long long>(number * 0x9e3779b97f4a7c15ULL));
  return text;
}

/// About half of it compresses.
std::string value_of(std::mt19937_64& random, std::size_t size) {
  std::string value(size, 'v');
  for (std::size_t i = 0; i + 8 <= size / 2; i += 8) {
    const std::uint64_t word = random();
    std::memcpy(value.data() + i, &word, sizeof word);
  }
  return value;
}

template <class F>
void measure(const char* name, double count, F work) {
  const double cpu = cpu_seconds();
  const auto begin = Clock::now();
  work();
  const double seconds = test::seconds_since(begin);
  std::printf("%-28s %12.0f /s  %8.2f s  %8.2f cpu-s  %7.1f MiB resident\n", name, count / seconds,
              seconds, cpu_seconds() - cpu, test::resident_mib());
  std::fflush(stdout);
}

void write_rows(Database& database, std::uint64_t first, std::uint64_t count,
                Durability durability) {
  std::mt19937_64 random(first);
  for (std::uint64_t i = 0; i < count; i += kBatch) {
    Batch batch;
    for (std::size_t j = 0; j < kBatch; ++j) {
      batch.put(key_of(first + i + j), value_of(random, kRow - 20));
    }
    must(database.write(batch, durability));
  }
}

void write_from_threads(Database& database, std::uint64_t first, int threads) {
  std::vector<std::jthread> running;
  for (int i = 0; i < threads; ++i) {
    const std::uint64_t count = kDurableBatches * kBatch / static_cast<unsigned>(threads);
    running.emplace_back([&database, from = first + static_cast<unsigned>(i) * count, count] {
      write_rows(database, from, count, Durability::now);
    });
  }
}

void get_rows(Database& database, std::uint64_t rows, std::uint64_t from) {
  std::mt19937_64 random(1);
  for (int i = 0; i < kGets; ++i) (void)must(database.get(key_of(from + random() % rows)));
}

void scan_all(Database& database) {
  Range range{.first = "row/", .end = "row0"};
  for (;;) {
    const std::vector<Row> page = must(database.scan(range));
    if (page.empty()) return;
    range.first = page.back().key + '\0';
  }
}

std::string chunk_key(int i) {
  char text[32];
  std::snprintf(text, sizeof text, "chunk/%08d", i);
  return text;
}

/// Bodies in chunks, each of four synced: rewritten `rounds` times, the old ones erased.
void write_chunks(Database& database, int rounds) {
  std::mt19937_64 random(3);
  std::string bytes(kChunk, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  for (int i = 0; i < kChunks * rounds; ++i) {
    Batch batch;
    batch.put(chunk_key(i), bytes);
    if (i >= kChunks) batch.erase(chunk_key(i - kChunks));
    must(database.write(batch, i % 4 == 3 ? Durability::now : Durability::later));
  }
}

void read_chunks(Database& database, int first) {
  for (int i = first; i < first + kChunks; ++i) {
    if (!must(database.get(chunk_key(i)))) std::abort();
  }
}

void run(const std::string& directory, std::uint64_t rows) {
  RocksEngine engine;
  const std::string small = directory + "/rows";
  auto database = must(engine.open(small, {}));
  const std::uint64_t durable = kDurableBatches * kBatch;
  const auto count = static_cast<double>(durable);
  measure("durable, 1 writer, rows", count, [&] { write_from_threads(*database, 0, 1); });
  measure("durable, 8 writers, rows", count, [&] { write_from_threads(*database, durable, 8); });
  measure("not durable, rows", static_cast<double>(rows),
          [&] { write_rows(*database, 2 * durable, rows, Durability::later); });
  const std::uint64_t all = 2 * durable + rows;
  measure("get, present", kGets, [&] { get_rows(*database, all, 0); });
  measure("get, absent", kGets, [&] { get_rows(*database, all, all); });
  measure("scan, rows", static_cast<double>(all), [&] { scan_all(*database); });
  measure("close and open", 1, [&] {
    database.reset();
    database = must(engine.open(small, {}));
  });
  measure("get, present, cold", kGets, [&] { get_rows(*database, all, 0); });
  std::printf("%-28s %12.0f bytes a row on disk\n", "space",
              test::mebibytes_in(small) * kMiB / static_cast<double>(all));
  const std::string large = directory + "/chunks";
  database = must(engine.open(large, {}));
  const double mebibytes = static_cast<double>(kChunks) * kChunk / kMiB;
  measure("chunks, MiB", mebibytes, [&] { write_chunks(*database, 1); });
  measure("chunks read, MiB", mebibytes, [&] { read_chunks(*database, 0); });
  measure("chunks replaced twice, MiB", 3 * mebibytes, [&] { write_chunks(*database, 3); });
  measure("chunks read, MiB", mebibytes, [&] { read_chunks(*database, 2 * kChunks); });
  std::printf("%-28s %12.0f MiB on disk of %.0f\n", "space", test::mebibytes_in(large), mebibytes);
}

}  // namespace
}  // namespace godwit::kv

int main(int count, char** words) {
  if (count < 2) {
    std::fprintf(stderr, "usage: kv_bench DIRECTORY [MILLIONS_OF_ROWS]\n");
    return 2;
  }
  const double millions = count > 2 ? std::atof(words[2]) : 2;
  godwit::kv::run(words[1], static_cast<std::uint64_t>(millions * 1e6));
}
