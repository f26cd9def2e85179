#include "cli/app.h"

#include <CLI/CLI.hpp>

#include "base/suggest.h"
#include "base/version.h"

namespace godwit::cli {
namespace {

constexpr const char* kFooter = R"(
Locations: s3://BUCKET/PREFIX?endpoint=URL&region=R, file:///DIR, a path, rocksdb:///DIR//PREFIX,
memory:NAME, or REMOTE:PREFIX of godwit.toml or rclone.conf. Keys for S3 come from the environment
(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_PROFILE), files or the instance; never from a URL.

Exit codes: 0 done, or all the same or well, 1 verify found differences, or status trouble,
2 usage, 3 partial (some objects failed, a listing broke off, deletes were refused), 4 fatal,
130 interrupted.

Examples:
  godwit sync s3://backups?endpoint=https://s3.example.com /srv/backups
  godwit verify --level checksum /srv/backups s3://backups
  godwit COMMAND --help)";

void add_globals(CLI::App& app, GlobalOptions& options) {
  app.add_option("-c,--config", options.config_file, "godwit.toml to read");
  app.add_option("--ca-file", options.ca_file, "PEM file of further authorities for TLS");
  app.add_option("--timeout", options.timeout, "give up after this long, such as 30s or 2h");
  app.add_option("--calls-per-second", options.calls_per_second,
                 "at most so many calls to each store (default: no limit)")
      ->check(CLI::PositiveNumber);
  app.add_flag_callback(
      "--json", [&options] { options.format = Format::json; },
      "one JSON object per line; the last one is the summary");
  app.add_flag_callback(
      "-q,--quiet", [&options] { options.detail = Detail::quiet; }, "only errors");
  app.add_flag_callback(
      "-v,--verbose", [&options] { options.detail = Detail::verbose; },
      "also what was copied, deleted and retried");
  app.add_flag_callback(
      "--progress", [&options] { options.progress = true; },
      "show a progress line (default: on a terminal)");
  app.add_flag_callback("--no-progress", [&options] { options.progress = false; }, "show none");
}

/// CLI11 says only that an argument was not expected; people want to know what was meant.
std::string explain(const CLI::App& app, const CLI::ParseError& error,
                    const std::vector<std::string>& arguments) {
  std::string text = error.what();
  std::vector<std::string> commands;
  for (const CLI::App* command : app.get_subcommands({})) commands.push_back(command->get_name());
  const CLI::App* used = &app;
  for (const std::string& argument : arguments) {
    for (const CLI::App* command : app.get_subcommands({})) {
      if (command->get_name() == argument) used = command;
    }
  }
  std::vector<std::string> flags;
  for (const CLI::App* source : {&app, used}) {
    for (const CLI::Option* option : source->get_options()) {
      for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
    }
  }
  for (const std::string& argument : arguments) {
    if (!argument.starts_with("--")) {
      const bool first = used == &app && &argument == &arguments.front();
      if (first) return "'" + argument + "' is not a command (" + suggest(argument, commands) + ")";
      continue;
    }
    const std::string name = argument.substr(0, argument.find('='));
    if (std::ranges::find(flags, name) == flags.end()) {
      const auto near = nearest(name, flags);
      text = "'" + name + "' is not an option of " + used->get_name();
      return near ? text + " (did you mean '" + *near + "'?)" : text;
    }
  }
  return text;
}

}  // namespace

int run_app(std::vector<std::string> arguments, const Streams& streams) {
  CLI::App app("godwit: moves, compares and replicates objects between the stores you have",
               "godwit");
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("godwit ") + kVersion);
  app.require_subcommand(1);
  app.fallthrough();
  GlobalOptions options;
  Chosen chosen;
  add_globals(app, options);
  add_sync_commands(app, chosen);
  add_object_commands(app, chosen);
  add_bench_command(app, chosen);
  RunRequest run;
  add_run_command(app, run);
  add_service_commands(app, chosen);
  add_upkeep_commands(app, chosen);
  add_config_command(app, chosen);
  add_key_command(app, chosen);
  add_completions_command(app, chosen);
  add_reference_command(app, chosen);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error, streams.out, streams.err);
    streams.err << "godwit: " << explain(app, error, arguments) << "\n";
    return kUsage;
  }
  if (run.chosen) return run_service(run, options, streams);
  Session session(options, streams);
  return session.run(chosen);
}

}  // namespace godwit::cli
