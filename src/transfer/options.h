#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "godwit/types.h"
#include "transfer/bandwidth.h"
#include "transfer/filter.h"
#include "world/time.h"

namespace godwit::transfer {

/// How two listings are told apart.
enum class Compare : std::uint8_t {
  automatic,  ///< size; then content tokens where both sides have comparable ones, else time
  size_only,  ///< size alone
  time,       ///< size, then: the target is not older than the source
  checksum    ///< size, then content tokens; contents are read where there are none
};

/// The order in which what differs is moved. Holds within the queue (kQueueLength objects), so
/// that memory does not grow with the number of objects.
enum class Order : std::uint8_t {
  listed,  ///< as found
  smallest_first,
  largest_first,
  oldest_first,
  newest_first
};

/// How objects are moved, in every command that moves some.
struct TransferOptions {
  /// Objects (and parts of large ones) under way at once; absent: adapts to what pays.
  std::optional<std::size_t> transfers;
  /// Key ranges listed at once, where a store can list from anywhere.
  std::size_t listers = 8;
  BandwidthTimetable bandwidth;
  Order order = Order::listed;
  /// From this size on an object of a store without part layout moves in resumable parts.
  Bytes multipart_threshold = 64 * kMiB;
  /// Size of parts where the source has no layout to keep; grows to fit the target's max_parts.
  Bytes part_size = 16 * kMiB;
  /// Parts of one object under way at once over a slow link.
  std::size_t part_streams = 4;
  /// Tries per object, with pauses between them that hold no slot.
  std::size_t attempts = 4;
  /// Where checkpoints and locks are kept; absolute. Empty: no resume across runs, no lock.
  std::string state_directory;
};

using godwit::Extra;
using godwit::VerifyLevel;

enum class Run : std::uint8_t { real, dry };
/// What an empty source means when extras are to be removed.
enum class EmptySource : std::uint8_t { refuse, accept };

struct SyncOptions {
  TransferOptions transfer;
  Filter filter;
  Compare compare = Compare::automatic;
  Extra extra = Extra::keep;
  /// More removals than this: none is made, and the run fails with limit_exceeded.
  std::uint64_t max_delete = std::numeric_limits<std::uint64_t>::max();
  EmptySource empty_source = EmptySource::refuse;
  Run run = Run::real;
};

struct VerifyOptions {
  TransferOptions transfer;
  Filter filter;
  VerifyLevel level = VerifyLevel::listing;
  std::string prefix;  ///< only keys that begin so are listed; empty: all
};

struct RepairOptions {
  VerifyOptions verify;
  Extra extra = Extra::keep;
  std::uint64_t max_delete = std::numeric_limits<std::uint64_t>::max();
  Run run = Run::real;
};

}  // namespace godwit::transfer
