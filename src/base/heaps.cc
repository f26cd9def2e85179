#include "base/heaps.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>

namespace godwit {

void limit_heaps() {
  const long cpus = ::sysconf(_SC_NPROCESSORS_ONLN);
  (void)::mallopt(M_ARENA_MAX, static_cast<int>(std::max(cpus, 1L)));
}

}  // namespace godwit
