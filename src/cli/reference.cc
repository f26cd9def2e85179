#include <CLI/CLI.hpp>
#include <memory>
#include <sstream>

#include "base/version.h"
#include "cli/app.h"
#include "service/api.h"
#include "service/config.h"
#include "store/coding/coding_spec.h"

namespace godwit::cli {
namespace {

// The manual is written from the parser and the tables themselves, so that it says what the
// program understands.

std::string names_of(const CLI::Option& option) {
  std::string names;
  for (const std::string& name : option.get_snames()) names += "-" + name + ", ";
  for (const std::string& name : option.get_lnames()) names += "--" + name + ", ";
  if (names.empty()) return option.get_name();
  names.resize(names.size() - 2);
  if (option.get_items_expected_max() > 0) names += " VALUE";
  return names;
}

std::string trimmed(std::string text) {
  text.erase(0, text.find_first_not_of('\n'));
  return text;
}

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  std::vector<const CLI::App*> commands;
  for (const CLI::App* command : app.get_subcommands({})) {
    if (!command->get_group().empty()) commands.push_back(command);
  }
  return commands;
}

std::string usage(const CLI::App& command) {
  std::string text = "godwit " + command.get_name() + " [OPTIONS]";
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_positional()) continue;
    const std::string name = option->get_name();
    text += option->get_required() ? " " + name : " [" + name + "]";
  }
  return text;
}

void add_options(std::ostream& out, const CLI::App& command) {
  out << "\n| option | meaning |\n|---|---|\n";
  for (const CLI::Option* option : command.get_options()) {
    std::string help = option->get_description();
    if (!option->get_default_str().empty()) help += " (default: " + option->get_default_str() + ")";
    out << "| `" << names_of(*option) << "` | " << help << " |\n";
  }
}

/// The top of a document that is printed by `godwit reference FORM`.
std::string heading(const std::string& title, const std::string& form) {
  return "# " + title + "\n\n<!-- Written by `godwit reference " + form +
         "`; a test compares. -->\n\n";
}

std::string markdown(const CLI::App& app) {
  std::ostringstream out;
  out << heading("The command line", "markdown") << app.get_description() << "\n\n```\n"
      << trimmed(app.get_footer()) << "\n```\n\n"
      << "## Options of every command\n";
  add_options(out, app);
  for (const CLI::App* command : commands_of(app)) {
    out << "\n## godwit " << command->get_name() << "\n\n`" << usage(*command)
        << "`: " << command->get_description() << ".\n";
    add_options(out, *command);
    out << "\n```\n" << trimmed(command->get_footer()) << "\n```\n";
  }
  return out.str();
}

/// Text as troff takes it: no line may begin with its control characters.
std::string troff(const std::string& text) {
  std::string escaped;
  bool line_start = true;
  for (const char c : text) {
    if (line_start && (c == '.' || c == '\'')) escaped += "\\&";
    line_start = c == '\n';
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

void add_man_options(std::ostream& out, const CLI::App& command) {
  for (const CLI::Option* option : command.get_options()) {
    out << ".TP\n\\fB" << troff(names_of(*option)) << "\\fR\n"
        << troff(option->get_description()) << "\n";
  }
}

std::string man_page(const CLI::App& app) {
  std::ostringstream out;
  out << ".TH GODWIT 1 2026-11-21 \"godwit " << kVersion << "\" \"User Commands\"\n"
      << ".SH NAME\ngodwit \\- move, compare and replicate objects between stores\n"
      << ".SH SYNOPSIS\n.B godwit\n.I COMMAND\n[\\fIOPTIONS\\fR] \\fIARGUMENTS\\fR\n"
      << ".SH DESCRIPTION\n"
      << troff(app.get_description()) << ".\n.SH OPTIONS\n";
  add_man_options(out, app);
  out << ".SH COMMANDS\n";
  for (const CLI::App* command : commands_of(app)) {
    out << ".SS " << troff(usage(*command)) << "\n" << troff(command->get_description()) << ".\n";
    add_man_options(out, *command);
    out << ".PP\n.nf\n" << troff(trimmed(command->get_footer())) << "\n.fi\n";
  }
  out << ".SH NOTES\n.nf\n" << troff(trimmed(app.get_footer())) << "\n.fi\n";
  return out.str();
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    if (!text.empty()) text += ", ";
    text += "`" + name + "`";
  }
  return text;
}

void add_store_options(std::ostream& out, const std::vector<OptionInfo>& options) {
  if (options.empty()) {
    out << "No options.\n";
    return;
  }
  out << "| option | values | default | meaning |\n|---|---|---|---|\n";
  for (const OptionInfo& option : options) {
    const std::string values = option.choices.empty() ? "text" : listed(option.choices);
    const bool first = option.fallback.empty() && !option.choices.empty();
    out << "| `" << option.name << "` | " << values << " | "
        << (first ? option.choices.front() : option.fallback) << " | " << option.help << " |\n";
  }
}

std::string stores_page(const StoreRegistry& registry) {
  std::ostringstream out;
  out << heading("Stores and their options", "stores")
      << "Options follow `?` in a URL: "
         "`s3://bucket/prefix?endpoint=http://host:7480&region=eu-1`. An unknown option is an\n"
         "error.\n"
      << "\n## Any store\n\nBodies can be compressed and encrypted on their way to a store "
         "([how](../how-to.md#compress-or-encrypt-what-a-store-gets)). These options are also "
         "keys of `[stores.NAME]`\nin [godwit.toml](config.md).\n\n";
  add_store_options(out, coding::coding_options());
  out << "\nWith any of them, what was put with others is read too: `compression=none` turns it "
         "off. Without\nany, a store shows what it holds as it is.\n\n"
         "Costs and limits: [src/store/coding/README.md](../../src/store/coding/README.md).\n";
  for (const SchemeInfo& store : registry.schemes()) {
    out << "\n## " << store.url << "\n\n" << store.description << "\n\n";
    add_store_options(out, store.options);
    const std::string readme = "src/store/" + store.scheme + "/README.md";
    if (!store.notes.empty()) out << "\n" << store.notes << "\n";
    out << "\nGuarantees and weaknesses: [" << readme << "](../../" << readme << ").\n";
  }
  return out.str();
}

void add_section(std::ostream& out, const service::SectionInfo& section) {
  out << "\n## `[" << section.name << "]`\n\n"
      << "| key | values | default | meaning |\n|---|---|---|---|\n";
  for (const service::KeyInfo& key : section.keys) {
    const std::string fallback = key.fallback.empty() ? "" : "`" + key.fallback + "`";
    out << "| `" << key.name << "` | " << key.values << " | " << fallback << " | " << key.help
        << " |\n";
  }
}

std::string config_page() {
  std::ostringstream out;
  out << heading("godwit.toml", "config")
      << "Read from `--config`, else `$GODWIT_CONFIG`, else the first that exists of\n"
      << listed(service::config_places()) << ".\n"
      << "An unknown key is an error with its line and the nearest match; `godwit config check` "
         "reads it and does nothing.\n\n"
         "Durations are `\"250ms\"`, `\"30s\"`, `\"5m\"`, `\"2h\"`, `\"7d\"`; sizes `\"8MiB\"`, "
         "`\"100MB\"`. Where the file is silent, a key of `[node]`,\n"
         "`[api]` or `[log]` is what the environment says (`"
      << service::variable_of("api", "listen")
      << "` is `listen` of `[api]`). `godwit run --set api.listen=...` holds over both.\n";
  for (const service::SectionInfo& section : service::config_sections()) {
    add_section(out, section);
  }
  out << "\n`NAME:PREFIX` on the command line means the store `NAME`, below that prefix. Remotes "
         "of\n"
         "`rclone.conf` (`$RCLONE_CONFIG` or `~/.config/rclone/rclone.conf`) of type `s3` and "
         "`local`\ncan be named too; ours win where names are equal.\n"
         "\n## Without a file\n\n"
         "Where no file defines a group, `godwit run` makes the group `backups` of these "
         "variables:\n\n| variable | values | default | meaning |\n|---|---|---|---|\n";
  for (const service::KeyInfo& variable : service::group_variables()) {
    out << "| `" << variable.name << "` | " << variable.values << " | " << variable.fallback
        << " | " << variable.help << " |\n";
  }
  return out.str();
}

/// What `reference` prints; `app` is all that is parsed.
Task<int> print(Session& session, const CLI::App& app, std::string form) {
  std::ostream& out = session.streams().out;
  if (form == "man") out << man_page(app);
  if (form == "markdown") out << markdown(app);
  if (form == "stores") out << stores_page(session.registry());
  if (form == "config") out << config_page();
  if (form == "openapi") out << service::openapi();
  co_return kDone;
}

}  // namespace

void add_reference_command(CLI::App& app, Chosen& chosen) {
  const auto form = std::make_shared<std::string>();
  CLI::App& command = *app.add_subcommand("reference", "print the manual");
  // Without a group: for packagers, not in the help.
  command.group("");
  command
      .add_option(
          "FORM", *form,
          "man, markdown (docs/reference/cli.md), stores, config and openapi (those beside it)")
      ->required()
      ->check(CLI::IsMember({"man", "markdown", "stores", "config", "openapi"}));
  command.callback([&chosen, &app, form] {
    chosen = [&app, form](Session& session) { return print(session, app, *form); };
  });
}

}  // namespace godwit::cli
