#include <CLI/CLI.hpp>
#include <memory>

#include "cli/app.h"

namespace godwit::cli {
namespace {

/// Commands and their long options, read from the parser itself, so they are never out of date.
struct Words {
  std::vector<std::pair<std::string, std::string>> commands;  // name, help
  std::map<std::string, std::vector<std::string>> options;    // by command
};

Words words_of(const CLI::App& app) {
  Words words;
  std::vector<std::string> shared;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) shared.push_back("--" + name);
  }
  for (const CLI::App* command : app.get_subcommands({})) {
    if (command->get_group().empty()) continue;
    words.commands.emplace_back(command->get_name(), command->get_description());
    std::vector<std::string>& options = words.options[command->get_name()];
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) options.push_back("--" + name);
    }
    options.insert(options.end(), shared.begin(), shared.end());
  }
  return words;
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string bash(const Words& words) {
  std::string names;
  for (const auto& [name, help] : words.commands) names += name + " ";
  std::string text =
      "# bash completion of godwit: godwit completions bash > "
      "/etc/bash_completion.d/godwit\n"
      "_godwit() {\n  local cur=${COMP_WORDS[COMP_CWORD]} cmd=${COMP_WORDS[1]}\n"
      "  if [ \"$COMP_CWORD\" = 1 ]; then COMPREPLY=($(compgen -W '" +
      names + "' -- \"$cur\")); return; fi\n  case \"$cmd\" in\n";
  for (const auto& [command, options] : words.options) {
    text += "    " + command + ") [[ $cur == -* ]] && COMPREPLY=($(compgen -W '" + join(options) +
            "' -- \"$cur\")) && return ;;\n";
  }
  return text + "  esac\n  COMPREPLY=($(compgen -f -- \"$cur\"))\n}\ncomplete -F _godwit godwit\n";
}

std::string zsh(const Words& words) {
  std::string text = "#compdef godwit\nlocal -a commands options\ncommands=(\n";
  for (const auto& [name, help] : words.commands) text += "  '" + name + ":" + help + "'\n";
  text +=
      ")\nif (( CURRENT == 2 )); then _describe command commands; return; fi\n"
      "case $words[2] in\n";
  for (const auto& [command, options] : words.options) {
    text += "  " + command + ") options=(" + join(options) + ") ;;\n";
  }
  return text + "esac\n[[ $PREFIX == -* ]] && compadd -a options || _files\n";
}

std::string fish(const Words& words) {
  std::string text;
  for (const auto& [name, help] : words.commands) {
    text += "complete -c godwit -n __fish_use_subcommand -a " + name + " -d '" + help + "'\n";
  }
  for (const auto& [command, options] : words.options) {
    for (const std::string& option : options) {
      text += "complete -c godwit -n '__fish_seen_subcommand_from " + command + "' -l " +
              option.substr(2) + "\n";
    }
  }
  return text;
}

Task<int> print(Session& session, std::string text) {
  session.streams().out << text;
  co_return kDone;
}

}  // namespace

void add_completions_command(CLI::App& app, Chosen& chosen) {
  const auto shell = std::make_shared<std::string>();
  CLI::App& command = *app.add_subcommand("completions", "print completions for a shell");
  command.add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command.footer("\nExamples:\n  godwit completions bash > /etc/bash_completion.d/godwit");
  command.callback([&chosen, &app, shell] {
    const Words words = words_of(app);
    const std::string text = *shell == "bash"  ? bash(words)
                             : *shell == "zsh" ? zsh(words)
                                               : fish(words);
    chosen = [text](Session& session) { return print(session, text); };
  });
}

}  // namespace godwit::cli
