// godwit_sim --seed N | --seeds FIRST LAST: runs simulated lives and says which broke a promise.
#include <cstdlib>
#include <iostream>
#include <string>

#include "sim/sync_scenario.h"

namespace {

using godwit::sim::Outcome;
using godwit::sim::run_sync_scenario;

/// True when the seed kept all promises, and does the same when it is run again.
bool run_seed(std::uint64_t seed, Outcome& total) {
  const Outcome outcome = run_sync_scenario(seed);
  total.copies += outcome.copies;
  total.failures += outcome.failures;
  for (const std::string& violation : outcome.violations) {
    std::cout << "seed " << seed << ": " << violation << "\n";
  }
  return outcome.violations.empty();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string option = argc > 1 ? argv[1] : "";
  if (!(option == "--seed" && argc == 3) && !(option == "--seeds" && argc == 4)) {
    std::cerr << "usage: godwit_sim --seed N | --seeds FIRST LAST\n";
    return 2;
  }
  const std::uint64_t first = std::strtoull(argv[2], nullptr, 10);
  const std::uint64_t last = argc == 4 ? std::strtoull(argv[3], nullptr, 10) : first;
  Outcome total;
  std::uint64_t bad = 0;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    if (!run_seed(seed, total)) ++bad;
  }
  if (run_sync_scenario(first).trace != run_sync_scenario(first).trace) {
    std::cout << "seed " << first << " does not repeat itself\n";
    ++bad;
  }
  std::cout << last - first + 1 << " lives, " << total.copies << " copies, " << total.failures
            << " failures met, " << bad << " broken promises\n";
  // A simulation in which nothing went wrong has shown nothing.
  const bool idle = last > first && (total.copies == 0 || total.failures == 0);
  return bad == 0 && !idle ? 0 : 1;
}
