#pragma once

#include <toml++/toml.h>

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/suggest.h"
#include "sim/scenario.h"

/// How scenario files are read: each key has somebody who takes its value, and a key that nobody
/// takes is an error with the nearest match.
namespace godwit::sim {

using Taker = std::function<Result<void>(const toml::node&)>;
using Takers = std::map<std::string, Taker>;

[[nodiscard]] inline std::unexpected<Error> wrong(const std::string& what) {
  return fail(Code::invalid_argument, what);
}

[[nodiscard]] Taker share(double& into);
[[nodiscard]] Taker count(std::uint64_t& into);
[[nodiscard]] Taker yes_or_no(bool& into);
[[nodiscard]] Taker text(std::string& into);
[[nodiscard]] Taker bytes(Bytes& into);
[[nodiscard]] Taker duration(Duration& into);
template <class T, class Into = T>
Taker choice(Into& into, std::vector<std::pair<std::string, T>> choices) {
  return [&into, choices = std::move(choices)](const toml::node& node) -> Result<void> {
    const std::string word = node.value<std::string>().value_or("");
    std::vector<std::string> words;
    for (const auto& [name, value] : choices) {
      words.push_back(name);
      if (name == word) {
        into = value;
        return {};
      }
    }
    return fail(Error(Code::invalid_argument, "'" + word + "' is none of its values")
                    .with_hint(suggest(word, words)));
  };
}

/// A table below the key.
[[nodiscard]] Taker table(Takers takers, const std::string& file);
[[nodiscard]] Taker calls(Faults& faults, const std::string& file);
[[nodiscard]] Taker crash(CrashPlan& into, const std::string& file);

/// Reads all of a file's text. Failure: invalid_argument with the line.
[[nodiscard]] Result<void> take_all(const std::string& toml, const Takers& takers,
                                    const std::string& file);
/// "flaky" for "x/flaky.toml".
[[nodiscard]] std::string scenario_name(const std::string& file);

}  // namespace godwit::sim
