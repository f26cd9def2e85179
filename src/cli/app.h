#pragma once

#include <string>
#include <vector>

#include "cli/session.h"

namespace CLI {
class App;
}

namespace godwit::cli {

/// Parses a command line and does what it says; the program in all but its process.
/// `arguments` are without the program's name.
[[nodiscard]] int run_app(std::vector<std::string> arguments, const Streams& streams);

/// What a subcommand will do once its options are parsed.
using Chosen = Session::Command;

/// Adds `sync copy verify repair gc`; the chosen one is put into `chosen`.
void add_sync_commands(CLI::App& app, Chosen& chosen);
/// Adds `ls cat put get head rm`.
void add_object_commands(CLI::App& app, Chosen& chosen);
/// Adds `bench-store`.
void add_bench_command(CLI::App& app, Chosen& chosen);
/// `run`, which is no command of a Session: it has a world of its own.
struct RunRequest {
  bool chosen = false;
  std::vector<std::string> settings;  ///< SECTION.KEY=VALUE
};
/// Adds `run`.
void add_run_command(CLI::App& app, RunRequest& request);
/// Runs the daemon to its end. Yields the exit code.
[[nodiscard]] int run_service(const RunRequest& request, const GlobalOptions& options,
                              const Streams& streams);
/// Adds `status lag queue events targets dead-letters conflicts failover switchover failback`.
void add_service_commands(CLI::App& app, Chosen& chosen);
/// Adds `drill doctor jobs`.
void add_upkeep_commands(CLI::App& app, Chosen& chosen);
/// Adds `config`.
void add_config_command(CLI::App& app, Chosen& chosen);
/// Adds `key`.
void add_key_command(CLI::App& app, Chosen& chosen);
/// Adds `completions`.
void add_completions_command(CLI::App& app, Chosen& chosen);
/// Adds `reference`, which is not shown in the help.
void add_reference_command(CLI::App& app, Chosen& chosen);

}  // namespace godwit::cli
