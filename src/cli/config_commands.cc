#include <CLI/CLI.hpp>
#include <memory>

#include "cli/app.h"
#include "service/config.h"
#include "store/coding/coding_spec.h"
#include "store/coding/key_file.h"

namespace godwit::cli {
namespace {

std::string counted(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

/// Their files are there, and right: looked at here, since who only asks the daemon cannot read
/// them.
Result<void> check_keys(World& world, const std::string& name, StoreSpec spec) {
  GODWIT_TRY(const auto coding, coding::take_coding(spec));
  if (!coding || coding->key_file.empty()) return {};
  const auto keys = coding::load_keys(world, coding->key_file);
  if (!keys) return fail(Error(keys.error()).because_of("[stores." + name + "]"));
  return {};
}

Task<int> check_config(Session& session, std::string file) {
  const std::string& named = file.empty() ? session.config().file : file;
  GODWIT_CO_TRY(service::Config config,
                service::load_config(session.world(), named, session.streams().working_directory));
  GODWIT_CO_CHECK(service::add_group_of_environment(session.world(), config));
  for (const auto& [name, spec] : config.stores) {
    GODWIT_CO_CHECK(check_keys(session.world(), name, spec));
  }
  std::string text = config.file.empty() ? std::string("no file") : config.file;
  text +=
      ": " + counted(config.stores.size(), "store") + ", " + counted(config.groups.size(), "group");
  session.output().line(text);
  for (const ReplicationConfig& group : config.groups) {
    session.output().line("group " + group.name + ": " + group.primary.name + " = " +
                          group.primary.url + ", " + counted(group.targets.size(), "target"));
    for (const ReplicaTarget& target : group.targets) {
      session.output().line("  " + target.name + " = " + target.url);
    }
  }
  co_return kDone;
}

}  // namespace

void add_config_command(CLI::App& app, Chosen& chosen) {
  struct Arguments {
    std::string action;
    std::string file;
  };
  const auto a = std::make_shared<Arguments>();
  CLI::App& command = *app.add_subcommand("config", "look for errors in godwit.toml");
  command.add_option("ACTION", a->action, "check: read it, say what it means, do nothing")
      ->required()
      ->check(CLI::IsMember({"check"}));
  command.add_option("FILE", a->file, "which (default: the one that `run` would read)");
  command.footer(
      "\nExamples:\n  godwit config check\n  godwit config check /etc/godwit/godwit.toml");
  command.callback(
      [&chosen, a] { chosen = [a](Session& session) { return check_config(session, a->file); }; });
}

}  // namespace godwit::cli
