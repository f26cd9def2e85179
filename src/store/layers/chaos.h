#pragma once

#include <memory>

#include "store/store.h"

namespace godwit {

/// How often what goes wrong; each between 0 and 1, drawn from the World's chance.
struct Faults {
  double unavailable = 0;     ///< a call fails and did nothing
  double lost_answer = 0;     ///< a put takes effect and its answer is lost: outcome unknown
  double throttled = 0;       ///< a call is refused with SlowDown
  double broken_listing = 0;  ///< a page fails
  double cut_body = 0;        ///< a body breaks off somewhere
  double flipped_bit = 0;     ///< a body arrives with one bit changed
  Duration longest_delay{};   ///< every call takes up to this long
};

/// Wraps a store so that calls fail as in `*faults`, which may be changed while it runs and must
/// outlive the store. For tests and the simulator.
[[nodiscard]] std::unique_ptr<Store> with_chaos(std::unique_ptr<Store> inner, const Faults* faults);

}  // namespace godwit
