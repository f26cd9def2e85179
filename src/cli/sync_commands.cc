#include <CLI/CLI.hpp>
#include <memory>

#include "cli/app.h"
#include "cli/progress_line.h"
#include "transfer/copy.h"
#include "world/disk.h"

namespace godwit::cli {
namespace {

using namespace transfer;

/// The options of the commands that move or compare trees, as text; checked in `parse`.
struct Arguments {
  std::string source;
  std::string target;
  std::vector<std::pair<FilterAction, std::string>> rules;
  std::string filter_from;
  std::string min_size, max_size, min_age, max_age;
  std::string bandwidth, part_size, multipart_threshold;
  std::string compare = "auto";
  std::string order = "listed";
  std::string level = "listing";
  std::string state_directory;
  std::string older_than = "24h";
  std::size_t transfers = 0;
  std::size_t listers = 8;
  std::uint64_t max_delete = std::numeric_limits<std::uint64_t>::max();
  bool remove_extra = false;
  bool allow_empty_source = false;
  bool dry_run = false;
};

using Shared = std::shared_ptr<Arguments>;

void add_pair(CLI::App& command, const Shared& a) {
  command.add_option("SOURCE", a->source, "where to read")->required();
  command.add_option("TARGET", a->target, "where to write, or what to compare")->required();
}

void add_transfer_options(CLI::App& command, const Shared& a) {
  command.add_option("--transfers", a->transfers, "objects at once (default: what pays)");
  command.add_option("--listers", a->listers, "key ranges listed at once")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command.add_option("--bandwidth", a->bandwidth,
                     "bytes a second, '10MiB', or by time of day (UTC): '08:00,1MiB 19:00,off'");
  command
      .add_option("--order", a->order,
                  "listed, smallest, largest, oldest or newest first, within 10,000 objects")
      ->check(CLI::IsMember({"listed", "smallest", "largest", "oldest", "newest"}))
      ->capture_default_str();
  command.add_option("--part-size", a->part_size, "of uploads without a layout to keep (16MiB)");
  command.add_option("--multipart-threshold", a->multipart_threshold,
                     "from here on such uploads are resumable parts (64MiB)");
  command.add_option("--state-dir", a->state_directory,
                     "for checkpoints and locks (default: ~/.local/state/godwit)");
}

void add_filters(CLI::App& command, const Shared& a) {
  const auto rule = [&command, a](const char* name, FilterAction action, const char* help) {
    command
        .add_option_function<std::vector<std::string>>(
            name,
            [a, action](const std::vector<std::string>& patterns) {
              for (const std::string& pattern : patterns) a->rules.emplace_back(action, pattern);
            },
            help)
        ->trigger_on_parse()
        ->expected(1)
        ->take_all();
  };
  rule("--include", FilterAction::include,
       "take keys that match this glob; the first rule decides");
  rule("--exclude", FilterAction::exclude, "leave keys out that match this glob");
  command.add_option("--filter-from", a->filter_from,
                     "file of rules, '+ GLOB' and '- GLOB', after those of the command line");
  command.add_option("--min-size", a->min_size, "leave smaller objects out");
  command.add_option("--max-size", a->max_size, "leave larger objects out");
  command.add_option("--min-age", a->min_age, "leave younger objects out, such as 10m");
  command.add_option("--max-age", a->max_age, "leave older objects out");
}

void add_compare(CLI::App& command, const Shared& a) {
  command
      .add_option("--compare", a->compare,
                  "how a difference is told: auto (ETags, else time), size, time, checksum")
      ->check(CLI::IsMember({"auto", "size", "time", "checksum"}))
      ->capture_default_str();
  command.add_flag_callback("--size-only", [a] { a->compare = "size"; }, "as --compare size");
  command.add_flag_callback(
      "--checksum", [a] { a->compare = "checksum"; }, "as --compare checksum");
}

void add_deletion(CLI::App& command, const Shared& a) {
  command.add_flag("--delete", a->remove_extra, "remove what only the target has, at the end");
  command.add_option("--max-delete", a->max_delete, "remove nothing if it would be more than this");
}

void add_dry_run(CLI::App& command, const Shared& a) {
  command.add_flag("-n,--dry-run", a->dry_run, "say what would be done, and do nothing");
}

template <class T>
Result<void> parse_into(const std::string& text, const char* option, std::optional<T>& into,
                        Result<T> (*parse)(std::string_view)) {
  if (text.empty()) return {};
  Result<T> value = parse(text);
  if (!value) return fail(std::move(value).error().because_of(option));
  into = *value;
  return {};
}

Result<void> add_rule(Filter& filter, FilterAction action, const std::string& pattern) {
  GODWIT_TRY(Glob glob, Glob::parse(pattern));
  filter.rules.push_back({action, std::move(glob)});
  return {};
}

Result<void> read_rules(World& world, const std::string& path, Filter& filter) {
  if (path.empty()) return {};
  GODWIT_TRY(const std::string text, read_file(world.disk(), path, kMiB));
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    ++number;
    if (line.empty() || line[0] == '#') continue;
    const bool known = line.size() > 2 && (line[0] == '+' || line[0] == '-') && line[1] == ' ';
    if (!known) {
      return fail(Error(Code::invalid_argument,
                        path + ":" + std::to_string(number) + ": '" + line + "' is no rule")
                      .with_hint("write '+ GLOB' or '- GLOB'"));
    }
    const auto action = line[0] == '+' ? FilterAction::include : FilterAction::exclude;
    GODWIT_CHECK(add_rule(filter, action, line.substr(2)));
  }
  return {};
}

Result<Filter> parse_filter(Session& session, const Arguments& a) {
  Filter filter;
  for (const auto& [action, pattern] : a.rules) GODWIT_CHECK(add_rule(filter, action, pattern));
  GODWIT_CHECK(read_rules(session.world(), a.filter_from, filter));
  GODWIT_CHECK(parse_into(a.min_size, "--min-size", filter.min_size, &parse_bytes));
  GODWIT_CHECK(parse_into(a.max_size, "--max-size", filter.max_size, &parse_bytes));
  GODWIT_CHECK(parse_into(a.min_age, "--min-age", filter.min_age, &parse_duration));
  GODWIT_CHECK(parse_into(a.max_age, "--max-age", filter.max_age, &parse_duration));
  return filter;
}

Result<TransferOptions> parse_transfer(Session& session, const Arguments& a) {
  TransferOptions options;
  if (a.transfers > 0) options.transfers = a.transfers;
  options.listers = a.listers;
  if (!a.bandwidth.empty()) {
    GODWIT_TRY(options.bandwidth, BandwidthTimetable::parse(a.bandwidth));
  }
  std::optional<Bytes> part_size;
  std::optional<Bytes> threshold;
  GODWIT_CHECK(parse_into(a.part_size, "--part-size", part_size, &parse_bytes));
  GODWIT_CHECK(parse_into(a.multipart_threshold, "--multipart-threshold", threshold, &parse_bytes));
  if (part_size && *part_size == 0)
    return fail(Code::invalid_argument, "--part-size must not be 0");
  options.part_size = part_size.value_or(options.part_size);
  options.multipart_threshold = threshold.value_or(options.multipart_threshold);
  const std::map<std::string, Order> orders = {{"listed", Order::listed},
                                               {"smallest", Order::smallest_first},
                                               {"largest", Order::largest_first},
                                               {"oldest", Order::oldest_first},
                                               {"newest", Order::newest_first}};
  options.order = orders.at(a.order);
  options.state_directory =
      a.state_directory.empty() ? session.default_state_directory() : a.state_directory;
  if (!options.state_directory.empty() && !options.state_directory.starts_with('/')) {
    options.state_directory = session.streams().working_directory + "/" + options.state_directory;
  }
  return options;
}

Result<SyncOptions> parse_sync(Session& session, const Arguments& a) {
  SyncOptions options;
  GODWIT_TRY(options.transfer, parse_transfer(session, a));
  GODWIT_TRY(options.filter, parse_filter(session, a));
  const std::map<std::string, Compare> modes = {{"auto", Compare::automatic},
                                                {"size", Compare::size_only},
                                                {"time", Compare::time},
                                                {"checksum", Compare::checksum}};
  options.compare = modes.at(a.compare);
  options.extra = a.remove_extra ? Extra::remove : Extra::keep;
  options.max_delete = a.max_delete;
  options.empty_source = a.allow_empty_source ? EmptySource::accept : EmptySource::refuse;
  options.run = a.dry_run ? Run::dry : Run::real;
  return options;
}

Result<RepairOptions> parse_repair(Session& session, const Arguments& a) {
  RepairOptions options;
  GODWIT_TRY(options.verify.transfer, parse_transfer(session, a));
  GODWIT_TRY(options.verify.filter, parse_filter(session, a));
  const std::map<std::string, VerifyLevel> levels = {{"listing", VerifyLevel::listing},
                                                     {"checksum", VerifyLevel::checksum},
                                                     {"content", VerifyLevel::content}};
  options.verify.level = levels.at(a.level);
  options.extra = a.remove_extra ? Extra::remove : Extra::keep;
  options.max_delete = a.max_delete;
  options.run = a.dry_run ? Run::dry : Run::real;
  return options;
}

/// Runs `task` below a progress line, where one is wanted.
template <class T>
Task<T> with_progress(Session& session, Task<T> task) {
  if (!session.wants_progress()) co_return co_await std::move(task);
  const std::size_t width = std::max<std::size_t>(session.streams().terminal_width, 20);
  ProgressLine line(session.world(), session.output(), session.streams().err, width);
  line.start();
  Result<T> result = co_await std::move(task);
  co_await line.stop();
  co_return result;
}

struct OpenPair {
  std::unique_ptr<Store> source;
  std::unique_ptr<Store> target;
};

Result<OpenPair> open_pair(Session& session, const Arguments& a) {
  OpenPair pair;
  GODWIT_TRY(pair.source, session.open_tree(a.source, Role::source));
  GODWIT_TRY(pair.target, session.open_tree(a.target, Role::target));
  return pair;
}

int exit_code_of_sync(const SyncSummary& summary) {
  if (summary.interrupted) return kInterrupted;
  // Nothing was even listed: the store cannot be reached, or is not there.
  if (summary.listing_error && summary.progress.total == 0) return kFatal;
  const bool partial = summary.listing_error || summary.delete_refused ||
                       summary.progress.failed + summary.progress.delete_failed > 0;
  return partial ? kPartial : kDone;
}

int exit_code_of_verify(const VerifySummary& found) {
  if (found.interrupted) return kInterrupted;
  if (found.listing_error) return found.total == 0 ? kFatal : kPartial;
  return found.clean() ? kDone : kDifferences;
}

Task<int> run_sync(Session& session, Shared a) {
  GODWIT_CO_TRY(const OpenPair pair, open_pair(session, *a));
  GODWIT_CO_TRY(const SyncOptions options, parse_sync(session, *a));
  Task<SyncSummary> task =
      transfer::sync(session.context(), *pair.source, *pair.target, options, session.output());
  GODWIT_CO_TRY(const SyncSummary summary, co_await with_progress(session, std::move(task)));
  session.output().summary(summary, session.traffic());
  co_return exit_code_of_sync(summary);
}

/// `copy` of one object; of a tree it is a sync that never deletes.
Task<bool> copy_object(Session& session, const Arguments& a) {
  GODWIT_CO_TRY(const Location from, session.locate(a.source, Names::object));
  GODWIT_CO_TRY(const std::unique_ptr<Store> source, session.open(from.spec, Role::source));
  const Result<ObjectInfo> info = co_await source->head(session.context(), from.key);
  if (!info && info.error().code() == Code::not_found) co_return false;
  if (!info) co_return fail(Error(info.error()));
  const std::string name = from.key.substr(from.key.find_last_of('/') + 1);
  GODWIT_CO_TRY(const Location to, session.locate_destination(a.target, name));
  GODWIT_CO_TRY(const std::unique_ptr<Store> target, session.open(to.spec, Role::target));
  GODWIT_CO_TRY(const TransferOptions options, parse_transfer(session, a));
  Progress progress;
  Slots slots(session.world(), options.transfers);
  const CopyResources resources{session.world(), slots, progress, session.output()};
  Copier copier(StorePair{*source, *target}, options, resources);
  const ListEntry entry{info->key, info->size, info->etag, info->modified, false};
  GODWIT_CO_TRY(const Bytes moved, co_await copier.copy(session.context(), entry, to.key));
  const Event event{EventKind::copied, to.key, moved, nullptr, {}};
  session.output().on_event(event);
  co_return true;
}

Task<int> run_copy(Session& session, Shared a) {
  if (!a->source.ends_with('/') && !a->dry_run) {
    const Result<bool> copied = co_await copy_object(session, *a);
    const bool no_object = !copied && copied.error().code() == Code::invalid_argument;
    if (!copied && !no_object) co_return fail(Error(copied.error()));
    if (copied && *copied) co_return kDone;
  }
  co_return co_await run_sync(session, a);
}

Task<int> run_verify(Session& session, Shared a) {
  GODWIT_CO_TRY(const OpenPair pair, open_pair(session, *a));
  GODWIT_CO_TRY(const RepairOptions options, parse_repair(session, *a));
  Task<VerifySummary> task = transfer::verify(session.context(), *pair.source, *pair.target,
                                              options.verify, session.output());
  GODWIT_CO_TRY(const VerifySummary found, co_await with_progress(session, std::move(task)));
  session.output().summary(found, session.traffic());
  co_return exit_code_of_verify(found);
}

Task<int> run_repair(Session& session, Shared a) {
  GODWIT_CO_TRY(const OpenPair pair, open_pair(session, *a));
  GODWIT_CO_TRY(const RepairOptions options, parse_repair(session, *a));
  Task<RepairSummary> task =
      transfer::repair(session.context(), *pair.source, *pair.target, options, session.output());
  GODWIT_CO_TRY(const RepairSummary summary, co_await with_progress(session, std::move(task)));
  session.output().summary(summary, session.traffic());
  if (summary.found.interrupted) co_return kInterrupted;
  const bool partial =
      summary.progress.failed > 0 || summary.found.listing_error || summary.delete_refused;
  co_return partial ? kPartial : kDone;
}

Task<int> run_gc(Session& session, Shared a) {
  GODWIT_CO_TRY(const Location location, session.locate(a->source, Names::tree));
  GODWIT_CO_TRY(const std::unique_ptr<Store> store, session.open(location.spec, Role::source));
  GODWIT_CO_TRY(const Duration age, parse_duration(a->older_than));
  const Run run = a->dry_run ? Run::dry : Run::real;
  const std::string prefix;
  GODWIT_CO_TRY(const GcSummary summary,
                co_await gc(session.context(), *store, prefix, age, run, session.output()));
  session.output().summary(summary, run);
  co_return summary.failed > 0 ? kPartial : kDone;
}

using Runner = Task<int> (*)(Session&, Shared);

void choose(CLI::App& command, Chosen& chosen, const Shared& a, Runner runner) {
  command.callback([&chosen, a, runner] {
    chosen = [a, runner](Session& session) { return runner(session, a); };
  });
}

void add_sync(CLI::App& app, Chosen& chosen) {
  const auto a = std::make_shared<Arguments>();
  CLI::App& command = *app.add_subcommand("sync", "make the target hold what the source holds");
  command.footer(
      "\nExamples:\n  godwit sync s3://a /backup/a\n"
      "  godwit sync --delete --max-delete 100 -n /srv/data s3://b/data\n"
      "  godwit sync --exclude '*.tmp' --bandwidth '08:00,5MiB 19:00,off' a: b:");
  add_pair(command, a);
  add_compare(command, a);
  add_filters(command, a);
  add_deletion(command, a);
  command.add_flag("--allow-empty-source", a->allow_empty_source,
                   "with --delete: an empty source may empty the target");
  add_transfer_options(command, a);
  add_dry_run(command, a);
  choose(command, chosen, a, run_sync);
}

void add_copy(CLI::App& app, Chosen& chosen) {
  const auto a = std::make_shared<Arguments>();
  CLI::App& command = *app.add_subcommand("copy", "copy one object, or a tree without deleting");
  command.footer(
      "\nExamples:\n  godwit copy s3://a/x.iso s3://b/x.iso\n  godwit copy /etc s3://b/etc");
  add_pair(command, a);
  add_compare(command, a);
  add_filters(command, a);
  add_transfer_options(command, a);
  add_dry_run(command, a);
  choose(command, chosen, a, run_copy);
}

void add_verify(CLI::App& app, Chosen& chosen, const char* name, const char* help, Runner runner) {
  const auto a = std::make_shared<Arguments>();
  CLI::App& command = *app.add_subcommand(name, help);
  command.footer(std::string("\nExamples:\n  godwit ") + name + " s3://a s3://b\n  godwit " + name +
                 " --level content /srv/data s3://b/data");
  add_pair(command, a);
  command
      .add_option("--level", a->level,
                  "listing (what listings prove), checksum (and metadata), content (every byte)")
      ->check(CLI::IsMember({"listing", "checksum", "content"}))
      ->capture_default_str();
  add_filters(command, a);
  add_transfer_options(command, a);
  if (runner == run_repair) {
    add_deletion(command, a);
    add_dry_run(command, a);
  }
  choose(command, chosen, a, runner);
}

void add_gc(CLI::App& app, Chosen& chosen) {
  const auto a = std::make_shared<Arguments>();
  CLI::App& command = *app.add_subcommand("gc", "free multipart uploads that nobody finished");
  command.footer("\nExamples:\n  godwit gc --older-than 7d -n s3://b");
  command.add_option("STORE", a->source, "where to look")->required();
  command.add_option("--older-than", a->older_than, "only uploads begun this long ago")
      ->capture_default_str();
  add_dry_run(command, a);
  choose(command, chosen, a, run_gc);
}

}  // namespace

void add_sync_commands(CLI::App& app, Chosen& chosen) {
  add_sync(app, chosen);
  add_copy(app, chosen);
  add_verify(app, chosen, "verify", "prove that two stores hold the same, or tell what differs",
             run_verify);
  add_verify(app, chosen, "repair", "verify, and copy just what is missing or wrong", run_repair);
  add_gc(app, chosen);
}

}  // namespace godwit::cli
