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
/// Adds `config`.
void add_config_command(CLI::App& app, Chosen& chosen);
/// Adds `completions`.
void add_completions_command(CLI::App& app, Chosen& chosen);
/// Adds `reference`, which is not shown in the help.
void add_reference_command(CLI::App& app, Chosen& chosen);

}  // namespace godwit::cli
