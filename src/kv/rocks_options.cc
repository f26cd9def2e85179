#include "kv/rocks_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>

namespace godwit::kv {
namespace {

constexpr Bytes kLeastMemory = 8 * kMiB;
constexpr Bytes kLargestWriteBuffer = 64 * kMiB;
constexpr int kBackgroundJobs = 2;
constexpr int kOpenFiles = 256;
constexpr double kBloomBits = 10;
/// Of a write buffer, for a filter of its own: most looks are for rows that are not there. Memory
/// that each database takes at once; for rows of 150 bytes it is 12 bits each.
constexpr double kBufferFilter = 0.01;
constexpr Bytes kManifest = 16 * kMiB;
/// Files are written back in such steps, so that no fsync waits for all of them.
constexpr Bytes kWriteBack = kMiB;
/// Values from here on lie in files of their own, so that compaction does not move them again and
/// again.
constexpr Bytes kLargeValue = 16 * kKiB;
constexpr Bytes kValueFile = 64 * kMiB;

/// A database that stopped for want of space goes on when the next write asks for it, not at a
/// time of RocksDB's own.
class NoAutomaticResume final : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status /*error*/,
                            bool* automatic) override {
    *automatic = false;
  }
};

/// No file of messages: what matters comes back as a Status.
class NoMessages final : public rocksdb::Logger {
 public:
  NoMessages() : Logger(rocksdb::InfoLogLevel::FATAL_LEVEL) {}
  using Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

rocksdb::CompressionType fast_compression() {
  const auto known = rocksdb::GetSupportedCompressions();
  const bool lz4 = std::ranges::find(known, rocksdb::kLZ4Compression) != known.end();
  return lz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
}

void set_memory(rocksdb::Options& options, Bytes memory) {
  const auto cache = rocksdb::NewLRUCache(memory);
  // Write buffers are charged to the cache: the more they hold, the less it keeps.
  options.write_buffer_manager =
      std::make_shared<rocksdb::WriteBufferManager>(memory / 2, cache, false);
  options.write_buffer_size = std::min(memory / 4, kLargestWriteBuffer);
  options.max_write_buffer_number = 2;
  // What a compaction holds besides is uncharged, and seems to grow with its files.
  options.target_file_size_base = options.write_buffer_size;
  options.memtable_prefix_bloom_size_ratio = kBufferFilter;
  options.memtable_whole_key_filtering = true;
  options.max_total_wal_size = memory;  // bounds what a reopen reads
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBits));
  table.format_version = 5;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
}

void set_files(rocksdb::Options& options) {
  options.compression = options.blob_compression_type = fast_compression();
  options.level_compaction_dynamic_level_bytes = true;
  options.enable_blob_files = true;
  options.min_blob_size = kLargeValue;
  options.blob_file_size = kValueFile;
  options.enable_blob_garbage_collection = true;
  options.max_open_files = kOpenFiles;
  options.max_manifest_file_size = kManifest;
  options.bytes_per_sync = options.wal_bytes_per_sync = kWriteBack;
}

}  // namespace

rocksdb::Options rocks_options(const DatabaseOptions& wanted) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.paranoid_checks = true;
  // rocks_log.h has seen to it that what comes behind the first damage is nothing.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.listeners.push_back(std::make_shared<NoAutomaticResume>());
  options.max_bgerror_resume_count = 0;
  options.info_log = std::make_shared<NoMessages>();
  options.max_background_jobs = kBackgroundJobs;
  options.stats_dump_period_sec = options.stats_persist_period_sec = 0;
  options.skip_stats_update_on_db_open = true;
  set_memory(options, std::max(wanted.memory, kLeastMemory));
  set_files(options);
  return options;
}

}  // namespace godwit::kv
