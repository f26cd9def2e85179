#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "cli/app.h"
#include "cli/service_client.h"

// What the commands that ask a daemon share.
namespace godwit::cli {

inline void print(Session& session, const std::string& text) {
  session.streams().out << text;
  session.streams().out.flush();
}

[[nodiscard]] inline bool wants_json(Session& session) {
  return session.output().format() == Format::json;
}

/// Adds a command that `runner` does. `A` has a `ServiceOptions service`.
template <class A>
CLI::App& add_service_command(CLI::App& app, Chosen& chosen, const std::shared_ptr<A>& a,
                              const char* name, const char* help,
                              Task<int> (*runner)(Session&, std::shared_ptr<A>)) {
  CLI::App& command = *app.add_subcommand(name, help);
  command.add_option("--api", a->service.api,
                     "URL of the daemon (default: $GODWIT_API, else http://127.0.0.1:7070)");
  command.add_option("--token-file", a->service.token_file,
                     "a file with the token (default: what $GODWIT_TOKEN holds)");
  command.callback([&chosen, a, runner] {
    chosen = [a, runner](Session& session) { return runner(session, a); };
  });
  return command;
}

}  // namespace godwit::cli
