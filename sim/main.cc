// Simulated lives from seeds. See sim/README.md.
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "sim/group_life.h"
#include "sim/life.h"

namespace {

using godwit::Result;
using godwit::sim::Outcome;
using Marks = std::map<std::string, std::uint64_t>;

constexpr const char* kUsage =
    "usage: godwit_sim [--scenario FILE]... [--marks FILE] (--seed N | --seeds FIRST LAST)\n"
    "Without --scenario: every file in " GODWIT_SCENARIOS
    "\n"
    "--marks: rare paths, one a line, each of which must have been taken\n";

struct Arguments {
  std::vector<std::string> files;
  std::string marks;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

std::optional<std::uint64_t> number(const std::string& text) {
  std::uint64_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || rest != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string> all_scenarios() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(GODWIT_SCENARIOS)) {
    if (entry.path().extension() == ".toml") files.push_back(entry.path().string());
  }
  std::ranges::sort(files);
  return files;
}

std::optional<Arguments> parse(const std::vector<std::string>& words) {
  Arguments arguments;
  bool seeded = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::size_t left = words.size() - i - 1;
    const bool range = words[i] == "--seeds";
    if (words[i] == "--scenario" && left >= 1) {
      arguments.files.push_back(words[++i]);
    } else if (words[i] == "--marks" && left >= 1) {
      arguments.marks = words[++i];
    } else if ((range && left >= 2) || (words[i] == "--seed" && left >= 1)) {
      const auto first = number(words[++i]);
      const auto last = range ? number(words[++i]) : first;
      if (!first || !last || *last < *first) return std::nullopt;
      arguments.first = *first;
      arguments.last = *last;
      seeded = true;
    } else {
      return std::nullopt;
    }
  }
  if (!seeded) return std::nullopt;
  if (arguments.files.empty()) arguments.files = all_scenarios();
  return arguments;
}

/// A scenario of either kind, ready to be lived.
struct Lives {
  std::string name;
  std::function<Outcome(std::uint64_t seed)> live;
};

template <class S>
Result<Lives> lives_of(Result<S> scenario) {
  if (!scenario) return std::unexpected(std::move(scenario).error());
  const std::string name = scenario->name;
  return Lives{.name = name, .live = [scenario = *std::move(scenario)](std::uint64_t seed) {
                 return godwit::sim::live(scenario, seed);
               }};
}

Result<Lives> load(const std::string& file) {
  std::ifstream stream(file);
  if (!stream) return godwit::fail(godwit::Code::not_found, file + " cannot be read");
  std::ostringstream text;
  text << stream.rdbuf();
  // What a life is of is told by its table.
  if (text.str().find("[group]") != std::string::npos) {
    return lives_of(godwit::sim::parse_group_scenario(text.str(), file));
  }
  return lives_of(godwit::sim::parse_scenario(text.str(), file));
}

void add(Outcome& total, const Outcome& outcome) {
  total.simulated += outcome.simulated;
  total.copies += outcome.copies;
  total.failures += outcome.failures;
  total.crashes += outcome.crashes;
  total.moves += outcome.moves;
  total.audits += outcome.audits;
  total.doubts += outcome.doubts;
  total.resumed += outcome.resumed;
  for (const auto& [path, times] : outcome.marks) total.marks[path] += times;
}

/// How many lives broke a promise.
std::uint64_t run_scenario(const Lives& scenario, const std::string& file,
                           const Arguments& arguments, Marks& marks) {
  Outcome total;
  std::uint64_t bad = 0;
  for (std::uint64_t seed = arguments.first; seed <= arguments.last; ++seed) {
    const Outcome outcome = scenario.live(seed);
    add(total, outcome);
    std::vector<std::string> broken = outcome.violations;
    // One of the seeds is enough to see that chance comes from nowhere else.
    if (seed == arguments.first && scenario.live(seed).trace != outcome.trace) {
      broken.emplace_back("a second run goes another way");
    }
    for (const std::string& what : broken) std::cout << "  seed " << seed << ": " << what << "\n";
    if (broken.empty()) continue;
    ++bad;
    std::cout << "  replay: godwit_sim --scenario " << file << " --seed " << seed << "\n";
  }
  for (const auto& [path, times] : total.marks) marks[path] += times;
  const std::uint64_t lives = arguments.last - arguments.first + 1;
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(total.simulated).count();
  std::cout << scenario.name << ": " << lives << " lives, " << hours << " simulated hours, "
            << total.copies << " copies, " << total.failures << " failures met, " << total.crashes
            << " crashes, " << total.moves << " moves, " << total.audits << " audits, "
            << total.doubts << " doubts, " << total.resumed << " resumed, " << bad << " broken\n";
  // A simulation in which nothing happened has shown nothing.
  const bool idle = lives > 1 && total.copies == 0;
  return bad + (idle ? 1 : 0);
}

/// How many paths of the file nobody has taken.
std::uint64_t check_marks(const Marks& marks, const std::string& file) {
  std::ifstream stream(file);
  std::uint64_t missing = stream ? 0 : 1;
  if (!stream) std::cout << file << " cannot be read\n";
  for (std::string path; std::getline(stream, path);) {
    if (marks.contains(path)) continue;
    ++missing;
    std::cout << "never taken: " << path << "\n";
  }
  return missing;
}

}  // namespace

int main(int argc, char** argv) {
  const std::optional<Arguments> arguments = parse({argv + 1, argv + argc});
  if (!arguments) {
    std::cerr << kUsage;
    return 2;
  }
  std::uint64_t bad = 0;
  Marks marks;
  for (const std::string& file : arguments->files) {
    const Result<Lives> scenario = load(file);
    if (!scenario) {
      std::cerr << scenario.error().to_string() << "\n";
      return 2;
    }
    bad += run_scenario(*scenario, file, *arguments, marks);
  }
  for (const auto& [path, times] : marks) std::cout << path << ": " << times << " times\n";
  if (!arguments->marks.empty()) bad += check_marks(marks, arguments->marks);
  return bad == 0 ? 0 : 1;
}
