#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "http/transport.h"
#include "store/layers/chaos.h"
#include "store/spec.h"
#include "store/store.h"

namespace godwit::conformance {

/// The stores that the battery runs on.
enum class Kind {
  memory,
  layers,  ///< all layers over memory, with chaos: what the engine sees of a bad day
  file,
  rocksdb,
  rocksdb_sim,    ///< the same store on the engine of the simulator
  coded_memory,   ///< zstd over memory; of everything, so that what is small is coded too
  coded_file,     ///< gzip over a directory
  sealed_file,    ///< zstd and a key, over a directory
  sealed_layers,  ///< a key, over all layers with chaos
  s3_a,           ///< the services whose endpoints are in GODWIT_TEST_S3_A and _B (tests/rgw)
  s3_b,
  s3_signed  ///< s3_a with payload=signed: bodies in chunks, each signed
};

[[nodiscard]] std::string to_string(Kind kind);
/// Its keys are names of files.
[[nodiscard]] bool is_on_files(Kind kind);
/// What the chaos of Kind::layers does. Only faults that leave no doubt: with these, all of the
/// contract must hold.
[[nodiscard]] const Faults& passing_faults();

/// A store without objects, and where it is.
struct Opened {
  /// What the store stands on, where it is not the machine.
  std::shared_ptr<void> ground;
  std::unique_ptr<Store> store;
  std::string directory;  ///< of stores on the disk; the caller removes it
  std::size_t longest_key = 1024;
};

/// Makes what the store needs (a directory, a bucket) and opens it on a place of its own.
[[nodiscard]] Task<Opened> open_store(Context context, http::Transport& transport, Kind kind);

}  // namespace godwit::conformance
