#include <CLI/CLI.hpp>
#include <memory>

#include "cli/app.h"
#include "store/coding/key_file.h"

namespace godwit::cli {
namespace {

Task<int> new_key(Session& session, std::string id) {
  GODWIT_CO_CHECK(coding::check_key_id(id));
  session.streams().out << coding::new_key_line(session.world(), id) << "\n";
  co_return kDone;
}

}  // namespace

void add_key_command(CLI::App& app, Chosen& chosen) {
  struct Arguments {
    std::string action;
    std::string id = "key-1";
  };
  const auto a = std::make_shared<Arguments>();
  CLI::App& command = *app.add_subcommand("key", "draw keys that stores are encrypted with");
  command.add_option("ACTION", a->action, "new: print a line for an encryption_key_file")
      ->required()
      ->check(CLI::IsMember({"new"}));
  command.add_option("ID", a->id, "the key's name, which objects carry: 1 to 32 of a-z, 0-9, -_.")
      ->capture_default_str();
  command.footer(
      "\nThe first line of the file seals what is put; those below it open what was sealed "
      "before.\n"
      "\nExamples:\n  (umask 077; godwit key new 2026-11 > /etc/godwit/keys)");
  command.callback(
      [&chosen, a] { chosen = [a](Session& session) { return new_key(session, a->id); }; });
}

}  // namespace godwit::cli
