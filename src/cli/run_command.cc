#include <CLI/CLI.hpp>

#include "cli/app.h"
#include "service/daemon.h"

namespace godwit::cli {

void add_run_command(CLI::App& app, RunRequest& request) {
  CLI::App& command = *app.add_subcommand("run", "serve the groups of godwit.toml, as a daemon");
  command.add_option("--set", request.settings,
                     "SECTION.KEY=VALUE of [node], [api] or [log], over the file and the "
                     "environment; any number of times");
  command.footer(
      "\nStops on SIGTERM and SIGINT, once every target has everything or `drain` of [node] has\n"
      "passed; what is left is in the journal. SIGHUP reads the config anew.\n\nExamples:\n"
      "  godwit run -c /etc/godwit/godwit.toml\n"
      "  godwit run --set api.listen=127.0.0.1:8080 --set log.level=debug");
  command.callback([&request] { request.chosen = true; });
}

int run_service(const RunRequest& request, const GlobalOptions& options, const Streams& streams) {
  service::DaemonOptions daemon{.config_file = options.config_file,
                                .working_directory = streams.working_directory};
  for (const std::string& setting : request.settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos) {
      streams.err << "godwit: --set " << setting << " is not SECTION.KEY=VALUE\n";
      return kUsage;
    }
    daemon.overrides.emplace_back(setting.substr(0, equals), setting.substr(equals + 1));
  }
  switch (service::run_daemon(daemon, streams.err)) {
    case service::DaemonEnd::stopped: return kDone;
    case service::DaemonEnd::bad_config: return kUsage;
    case service::DaemonEnd::failed: return kFatal;
  }
  return kFatal;
}

}  // namespace godwit::cli
