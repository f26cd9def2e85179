#include "base/duration.h"
#include "cli/service_command.h"
#include "cli/service_view.h"
#include "http/url.h"

namespace godwit::cli {
namespace {

constexpr Duration kRedraw = std::chrono::seconds(2);

struct Arguments {
  ServiceOptions service;
  std::string action = "list";
  std::string target;
  std::string key;
  std::string keep;
  std::string most;
  std::string patience;
  bool watch = false;
  bool follow = false;
  bool no_writes = false;
  bool yes = false;
};
using Shared = std::shared_ptr<Arguments>;

/// Each element in a line of its own.
void print_lines(Session& session, const ServiceJson& list) {
  for (const ServiceJson& each : list) print(session, each.dump() + "\n");
}

Task<int> run_status(Session& session, Shared a) {
  GODWIT_CO_TRY(ServiceClient client, ServiceClient::make(session, a->service));
  for (;;) {
    GODWIT_CO_TRY(const ServiceJson groups, co_await client.groups());
    const StatusView view = status_view(groups);
    const bool clear = a->watch && session.streams().terminal_width > 0;
    if (clear) print(session, "\x1b[H\x1b[2J");
    if (wants_json(session)) {
      print_lines(session, groups);
    } else {
      print(session, view.text);
    }
    if (!a->watch) co_return view.attention.empty() ? kDone : kDifferences;
    GODWIT_CO_CHECK(co_await session.context().sleep(kRedraw));
  }
}

Task<int> run_lag(Session& session, Shared a) {
  Duration most = Duration::max();
  if (!a->most.empty()) {
    GODWIT_CO_TRY(most, parse_duration(a->most));
  }
  GODWIT_CO_TRY(ServiceClient client, ServiceClient::make(session, a->service));
  GODWIT_CO_TRY(const ServiceJson groups, co_await client.groups());
  if (wants_json(session)) {
    print_lines(session, groups);
  } else {
    print(session, lag_view(groups));
  }
  const std::chrono::duration<double, std::milli> longest(longest_lag_ms(groups));
  co_return longest > most ? kDifferences : kDone;
}

Task<int> run_queue(Session& session, Shared a) {
  GODWIT_CO_TRY(ServiceClient client, ServiceClient::make(session, a->service));
  GODWIT_CO_TRY(const ServiceJson groups, co_await client.groups());
  if (wants_json(session)) {
    print_lines(session, groups);
  } else {
    print(session, queue_view(groups));
  }
  co_return kDone;
}

std::string target_path(const std::string& group, const std::string& target) {
  return group_path(group, "/targets/" + http::uri_encode(target, http::Slash::encode));
}

Result<void> need_target(const Arguments& a) {
  if (!a.target.empty()) return {};
  return fail(Error(Code::invalid_argument, "'" + a.action + "' needs a target")
                  .with_hint("godwit status names them"));
}

Task<int> run_targets(Session& session, Shared a) {
  if (a->action == "list") co_return co_await run_status(session, a);
  GODWIT_CO_CHECK(need_target(*a));
  if (a->action == "remove" && !a->yes) {
    co_return fail(Error(Code::invalid_argument, "what waits for " + a->target + " is forgotten")
                       .with_hint("say --yes"));
  }
  GODWIT_CO_TRY(ServiceClient client, ServiceClient::make(session, a->service));
  GODWIT_CO_TRY(const std::string group, co_await client.group());
  ServiceCall call{.method = "POST", .path = target_path(group, a->target)};
  if (a->action == "remove") {
    call.method = "DELETE";
  } else {
    call.path += "/" + a->action;
  }
  GODWIT_CO_CHECK(co_await client.call(call));
  co_return kDone;
}

void print_letters(Session& session, const ServiceJson& letters) {
  if (wants_json(session)) {
    print_lines(session, letters);
    return;
  }
  for (const ServiceJson& letter : letters) {
    const std::string target = letter.value("target", "");
    print(session, (target.empty() ? "" : target + "  ") + printable(letter.value("key", "")) +
                       "  " + letter.value("code", "") + "  " +
                       printable(letter.value("message", "")) + "\n");
  }
}

Task<int> run_dead_letters(Session& session, Shared a) {
  GODWIT_CO_CHECK(need_target(*a));
  GODWIT_CO_TRY(ServiceClient client, ServiceClient::make(session, a->service));
  GODWIT_CO_TRY(const std::string group, co_await client.group());
  const std::string path = target_path(group, a->target) + "/dead-letters";
  if (a->action == "redrive") {
    ServiceCall call{.method = "POST", .path = path + "/redrive"};
    if (a->key.empty()) {
      call.body["all"] = true;
    } else {
      call.body["key"] = a->key;
    }
    GODWIT_CO_TRY(const ServiceJson done, co_await client.call(call));
    print(session, std::to_string(done.value("redriven", 0)) + " tried again\n");
    co_return kDone;
  }
  const ServiceCall call{.path = path + "?limit=1000"};
  GODWIT_CO_TRY(const ServiceJson found, co_await client.call(call));
  print_letters(session, found["dead_letters"]);
  co_return found["dead_letters"].empty() ? kDone : kDifferences;
}

Task<int> run_conflicts(Session& session, Shared a) {
  GODWIT_CO_TRY(ServiceClient client, ServiceClient::make(session, a->service));
  GODWIT_CO_TRY(const std::string group, co_await client.group());
  if (a->action == "resolve") {
    GODWIT_CO_CHECK(need_target(*a));
    ServiceCall call{.method = "POST", .path = group_path(group, "/conflicts/resolve")};
    call.body = {{"target", a->target}, {"key", a->key}, {"keep", a->keep}};
    GODWIT_CO_CHECK(co_await client.call(call));
    co_return kDone;
  }
  const ServiceCall call{.path = group_path(group, "/conflicts?limit=1000")};
  GODWIT_CO_TRY(const ServiceJson found, co_await client.call(call));
  print_letters(session, found["conflicts"]);
  co_return found["conflicts"].empty() ? kDone : kDifferences;
}

void print_event(Session& session, const std::string& data) {
  const ServiceJson event = ServiceJson::parse(data, nullptr, false);
  const bool plain = wants_json(session) || !event.is_object();
  print(session, (plain ? data : event_view(event)) + "\n");
}

Task<int> run_events(Session& session, Shared a) {
  GODWIT_CO_TRY(ServiceClient client, ServiceClient::make(session, a->service));
  if (a->follow) {
    const std::function<bool(const std::string&)> take = [&session](const std::string& data) {
      print_event(session, data);
      return session.streams().out.good();
    };
    GODWIT_CO_CHECK(
        co_await client.follow(a->no_writes ? Followed::no_writes : Followed::all, take));
    co_return kDone;
  }
  GODWIT_CO_TRY(const std::string group, co_await client.group());
  const ServiceCall call{.path =
                             group_path(group, a->no_writes ? "/events?writes=false" : "/events")};
  GODWIT_CO_TRY(const ServiceJson found, co_await client.call(call));
  for (const ServiceJson& event : found["events"]) print_event(session, event.dump());
  co_return kDone;
}

/// The dry run first, always; then, if it was wanted, the move.
Task<int> run_move(Session& session, Shared a) {
  GODWIT_CO_TRY(ServiceClient client, ServiceClient::make(session, a->service));
  GODWIT_CO_TRY(const std::string group, co_await client.group());
  ServiceCall call{.method = "POST", .path = group_path(group, "/" + a->action)};
  call.body["dry_run"] = true;
  if (!a->target.empty()) call.body["to"] = a->target;
  if (!a->patience.empty()) call.body["patience"] = a->patience;
  for (const bool dry : {true, false}) {
    call.body["dry_run"] = dry;
    GODWIT_CO_TRY(const ServiceJson report, co_await client.call(call));
    print(session, wants_json(session) ? report.dump() + "\n" : move_view(report));
    if (!a->yes) break;
  }
  if (!a->yes) print(session, wants_json(session) ? "" : "Nothing has changed; --yes does it.\n");
  co_return kDone;
}

void add_group_option(CLI::App& command, const Shared& a, const char* help) {
  command.add_option("--group", a->service.group, help);
}

void add_action(CLI::App& command, const Shared& a, const std::vector<std::string>& actions) {
  std::string help;
  for (const std::string& action : actions) help += (help.empty() ? "" : ", ") + action;
  command.add_option("ACTION", a->action, help)->check(CLI::IsMember(actions));
}

void add_views(CLI::App& app, Chosen& chosen) {
  auto a = std::make_shared<Arguments>();
  CLI::App& status = add_service_command(app, chosen, a, "status",
                                         "how the groups of a daemon stand", &run_status);
  status.add_option("GROUP", a->service.group, "this one only");
  status.add_flag("-w,--watch", a->watch, "again every two seconds, until Ctrl-C");
  status.footer(
      "\nExit codes: 0 all is well, 1 something needs attention, 4 nobody could say.\n\n"
      "Examples:\n  godwit status\n  godwit status --watch backups\n"
      "  GODWIT_TOKEN=... godwit status --api https://node:7070 --json");

  a = std::make_shared<Arguments>();
  CLI::App& lag =
      add_service_command(app, chosen, a, "lag", "how far the targets are behind", &run_lag);
  lag.add_option("GROUP", a->service.group, "this one only");
  lag.add_option("--max", a->most, "exit with 1 where a target lags more, such as 5m");
  lag.footer("\nExamples:\n  godwit lag\n  godwit lag --max 5m backups || page-somebody");

  a = std::make_shared<Arguments>();
  CLI::App& queue =
      add_service_command(app, chosen, a, "queue", "what waits for the targets", &run_queue);
  queue.add_option("GROUP", a->service.group, "this one only");
  queue.footer("\nExamples:\n  godwit queue\n  godwit queue --json backups");

  a = std::make_shared<Arguments>();
  CLI::App& events =
      add_service_command(app, chosen, a, "events", "what happened to a group", &run_events);
  add_group_option(events, a, "of this one (default: with --follow all, else the only one)");
  events.add_flag("-f,--follow", a->follow, "from now on, as it happens");
  events.add_flag("--no-writes", a->no_writes,
                  "all but write_replicated, which comes for each write and target");
  events.footer("\nExamples:\n  godwit events --no-writes\n  godwit events --follow --json");
}

void add_orders(CLI::App& app, Chosen& chosen) {
  const char* only = "which (default: the only one)";
  auto a = std::make_shared<Arguments>();
  CLI::App& targets = add_service_command(app, chosen, a, "targets",
                                          "pause, resume, remove a target", &run_targets);
  add_action(targets, a, {"list", "pause", "resume", "remove"});
  targets.add_option("TARGET", a->target, "which");
  add_group_option(targets, a, only);
  targets.add_flag("--yes", a->yes, "with remove: yes, really");
  targets.footer("\nExamples:\n  godwit targets\n  godwit targets pause nyc3 --group backups");

  a = std::make_shared<Arguments>();
  CLI::App& letters = add_service_command(app, chosen, a, "dead-letters",
                                          "writes that a target will not get unless somebody acts",
                                          &run_dead_letters);
  letters.add_option("ACTION", a->action, "list, redrive")
      ->required()
      ->check(CLI::IsMember({"list", "redrive"}));
  letters.add_option("TARGET", a->target, "whose")->required();
  letters.add_option("KEY", a->key, "with redrive: this one (default: all but conflicts)");
  add_group_option(letters, a, only);
  letters.footer(
      "\nExit codes: 1 where `list` finds some.\n\nExamples:\n  godwit dead-letters list nyc3\n"
      "  godwit dead-letters redrive nyc3");

  a = std::make_shared<Arguments>();
  CLI::App& conflicts = add_service_command(app, chosen, a, "conflicts",
                                            "conflicts that wait for a person", &run_conflicts);
  add_action(conflicts, a, {"list", "resolve"});
  conflicts.add_option("TARGET", a->target, "with resolve: where the other object is");
  conflicts.add_option("KEY", a->key, "with resolve: of both");
  conflicts
      .add_option("--keep", a->keep,
                  "primary or target; the other one is kept under .godwit/rescue/")
      ->check(CLI::IsMember({"primary", "target"}));
  add_group_option(conflicts, a, only);
  conflicts.footer(
      "\nExit codes: 1 where `list` finds some.\n\nExamples:\n  godwit conflicts\n"
      "  godwit conflicts resolve nyc3 reports/may.csv --keep target");
}

void add_moves(CLI::App& app, Chosen& chosen) {
  struct Move {
    const char* name;
    const char* help;
  };
  for (const Move& move :
       {Move{"failover", "make a target primary though the primary does not answer"},
        Move{"switchover", "make a target primary once it has everything"},
        Move{"failback", "switch back to the primary that the config names"}}) {
    const auto a = std::make_shared<Arguments>();
    a->action = move.name;
    CLI::App& command = add_service_command(app, chosen, a, move.name, move.help, &run_move);
    const std::string name = move.name;
    if (name != "failback") {
      command.add_option("TARGET", a->target, "the new primary (default: the best)");
    }
    add_group_option(command, a, "which (default: the only one)");
    command.add_option("--patience", a->patience, "that it waits for the new primary, such as 30s");
    command.add_flag("--yes", a->yes, "do it; without, only the plan is shown");
    command.footer("\nShows what would happen first, also with --yes.\n\nExamples:\n  godwit " +
                   name + "\n  godwit " + name + " --group backups --yes");
  }
}

}  // namespace

void add_service_commands(CLI::App& app, Chosen& chosen) {
  add_views(app, chosen);
  add_orders(app, chosen);
  add_moves(app, chosen);
}

}  // namespace godwit::cli
