#include "conformance/stores.h"

#include <filesystem>
#include <fstream>

#include "conformance/locked_engine.h"
#include "kv/rocks_engine.h"
#include "store/coding/coded_store.h"
#include "store/coding/key_file.h"
#include "store/file/file_store.h"
#include "store/layers/layers.h"
#include "store/memory/memory_store.h"
#include "store/rocksdb/rocks_store.h"
#include "store/s3/s3_store.h"
#include "support/make_bucket.h"

namespace godwit::conformance {
namespace {

using namespace std::chrono_literals;

/// So many that a test which fails has found a defect, not bad luck.
constexpr std::size_t kAttempts = 60;

std::unique_ptr<Store> layered(std::unique_ptr<Store> driver) {
  LayerOptions options;
  options.retry = {.attempts = kAttempts, .first_pause = 10us, .longest_pause = 100us};
  options.faults = &passing_faults();
  return with_layers(std::move(driver), options);
}

std::string new_directory(World& world) {
  return testing::TempDir() + "godwit-conformance-" + std::to_string(world.random());
}

Result<Opened> open_rocksdb(World& world, std::shared_ptr<kv::Engine> engine) {
  Opened opened;
  opened.directory = new_directory(world);
  // Behind a prefix, so that its length and its place count.
  const std::string url = "rocksdb://" + opened.directory + "//pre/?missing=empty";
  GODWIT_TRY(const StoreSpec spec, parse_store_url(url, "/"));
  GODWIT_TRY(opened.store, rocks::rocksdb_scheme(*engine).open(world, spec));
  opened.ground = std::move(engine);
  return opened;
}

Result<Opened> open_file(World& world) {
  Opened opened;
  opened.directory = new_directory(world);
  std::filesystem::create_directories(opened.directory);
  GODWIT_TRY(const StoreSpec spec, parse_store_url("file://" + opened.directory, "/"));
  GODWIT_TRY(opened.store, file::file_scheme().open(world, spec));
  return opened;
}

/// A key in a file beside the store's directory.
std::string new_key_file(World& world, const std::string& directory) {
  std::filesystem::create_directories(directory);
  std::string path = directory + "/keys";
  std::ofstream(path) << coding::new_key_line(world, "k1") << "\n";
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  return path;
}

Result<Opened> open_coded(World& world, Kind kind) {
  Opened opened;
  opened.directory = new_directory(world);
  coding::CodingSpec spec{.min_size = 1};
  spec.compression = kind == Kind::coded_file      ? coding::Compression::gzip
                     : kind == Kind::sealed_layers ? coding::Compression::none
                                                   : coding::Compression::zstd;
  if (kind == Kind::sealed_file || kind == Kind::sealed_layers) {
    spec.key_file = new_key_file(world, opened.directory);
  }
  std::unique_ptr<Store> inner = make_memory_store(world, "m");
  if (kind == Kind::sealed_layers) inner = layered(std::move(inner));
  if (is_on_files(kind)) {
    const std::string root = opened.directory + "/objects";
    std::filesystem::create_directories(root);
    GODWIT_TRY(const StoreSpec file, parse_store_url("file://" + root, "/"));
    GODWIT_TRY(inner, file::file_scheme().open(world, file));
  }
  GODWIT_TRY(opened.store, coding::with_coding(world, std::move(inner), spec));
  return opened;
}

Task<Opened> open_s3(Context context, http::Transport& transport, Kind kind) {
  const char* const endpoint =
      std::getenv(kind == Kind::s3_b ? "GODWIT_TEST_S3_B" : "GODWIT_TEST_S3_A");
  if (endpoint == nullptr) {
    co_return fail(Code::invalid_argument, "run this by tests/rgw/with_rgw.sh");
  }
  Opened opened;
  const std::string prefix = std::to_string(context.world().random()) + "/";
  opened.longest_key -= prefix.size();
  const std::string url = "s3://conformance/" + prefix + "?endpoint=" + endpoint +
                          (kind == Kind::s3_signed ? "&payload=signed" : "");
  GODWIT_CO_TRY(const StoreSpec spec, parse_store_url(url, "/"));
  GODWIT_CO_CHECK(co_await test::make_bucket(context, transport, spec));
  GODWIT_CO_TRY(opened.store, s3::s3_scheme(transport).open(context.world(), spec));
  co_return opened;
}

}  // namespace

std::string to_string(Kind kind) {
  switch (kind) {
    case Kind::memory: return "memory";
    case Kind::layers: return "layers";
    case Kind::file: return "file";
    case Kind::rocksdb: return "rocksdb";
    case Kind::rocksdb_sim: return "rocksdb_sim";
    case Kind::coded_memory: return "coded_memory";
    case Kind::coded_file: return "coded_file";
    case Kind::sealed_file: return "sealed_file";
    case Kind::sealed_layers: return "sealed_layers";
    case Kind::s3_a: return "s3_a";
    case Kind::s3_b: return "s3_b";
    case Kind::s3_signed: return "s3_signed";
  }
  return "none";
}

bool is_on_files(Kind kind) {
  return kind == Kind::file || kind == Kind::coded_file || kind == Kind::sealed_file;
}

const Faults& passing_faults() {
  static const Faults faults{.unavailable = 0.2, .throttled = 0.1, .broken_listing = 0.2};
  return faults;
}

Task<Opened> open_store(Context context, http::Transport& transport, Kind kind) {
  Opened opened;
  switch (kind) {
    case Kind::memory: opened.store = make_memory_store(context.world(), "m"); break;
    case Kind::layers: opened.store = layered(make_memory_store(context.world(), "m")); break;
    case Kind::file: co_return open_file(context.world());
    case Kind::rocksdb:
      co_return open_rocksdb(context.world(), std::make_shared<kv::RocksEngine>());
    case Kind::rocksdb_sim:
      co_return open_rocksdb(context.world(), std::make_shared<LockedSimEngine>());
    case Kind::coded_memory:
    case Kind::coded_file:
    case Kind::sealed_file:
    case Kind::sealed_layers: co_return open_coded(context.world(), kind);
    case Kind::s3_a:
    case Kind::s3_b:
    case Kind::s3_signed: co_return co_await open_s3(context, transport, kind);
  }
  co_return opened;
}

}  // namespace godwit::conformance
