#include "base/heaps.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>

#include "base/bytes.h"

namespace godwit {
namespace {

/// RocksDB writes into buffers of a MiB.
constexpr Bytes kLarge = 512 * kKiB;

}  // namespace

void limit_heaps() {
  const long cpus = ::sysconf(_SC_NPROCESSORS_ONLN);
  (void)::mallopt(M_ARENA_MAX, static_cast<int>(std::max(cpus, 1L)));
  (void)::mallopt(M_MMAP_THRESHOLD, static_cast<int>(kLarge));
}

}  // namespace godwit
