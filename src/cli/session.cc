#include "cli/session.h"

#include <cstdlib>
#include <utility>

#include "store/coding/coded_store.h"
#include "store/file/file_store.h"
#include "store/layers/layers.h"
#include "store/memory/memory_store.h"
#include "store/rocksdb/rocks_store.h"
#include "store/s3/s3_store.h"

namespace godwit::cli {

int exit_code_of(const Error& error) {
  switch (error.code()) {
    case Code::invalid_argument: return kUsage;
    case Code::cancelled: return kInterrupted;
    default: return kFatal;
  }
}

namespace {

/// Whether the store is in a directory of this machine, which may be missing or need an fsync.
bool on_disk(const StoreSpec& spec) { return spec.scheme == "file" || spec.scheme == "rocksdb"; }

}  // namespace

Session::Session(const GlobalOptions& options, const Streams& streams)
    : options_(options),
      streams_(streams),
      output_(streams.out, streams.err, options.format, options.detail) {
  http::ClientOptions client;
  client.tls.ca_file = options.ca_file;
  client_ = http::make_client(world_, client);
  registry_.add(s3::s3_scheme(*client_));
  registry_.add(file::file_scheme());
  registry_.add(memory_scheme());
  registry_.add(rocks::rocksdb_scheme(engine_));
}

Result<void> Session::prepare() {
  GODWIT_TRY(config_, load_config(world_, options_.config_file, streams_.working_directory));
  Context context = Context(world_).with_cancel(cancel_.token());
  context = context.with_retry_budget(std::make_shared<RetryBudget>());
  if (!options_.timeout.empty()) {
    GODWIT_TRY(const Duration timeout, parse_duration(options_.timeout));
    context = context.with_timeout(timeout);
  }
  context_ = context;
  return {};
}

int Session::run(const Command& command) {
  if (const Result<void> prepared = prepare(); !prepared) {
    output_.error(prepared.error());
    return kUsage;
  }
  world_.on_interrupt([this] { interrupted(); });
  int exit_code = kFatal;
  world_.run(run_command(command, exit_code));
  streams_.out.flush();
  return exit_code;
}

void Session::interrupted() {
  if (++interrupts_ > 1) std::_Exit(kInterrupted);
  cancel_.cancel();
}

asio::awaitable<void> Session::run_command(const Command& command, int& exit_code) {
  const Result<int> ended = co_await command(*this);
  if (ended) {
    exit_code = *ended;
  } else {
    output_.error(ended.error());
    exit_code = exit_code_of(ended.error());
  }
  (void)co_await client_->close();
}

Result<Location> Session::locate(const std::string& text, Names names) const {
  return parse_location(text, names, config_, streams_.working_directory);
}

Result<Location> Session::locate_destination(const std::string& text,
                                             const std::string& name) const {
  return parse_destination(text, name, config_, streams_.working_directory);
}

Result<std::unique_ptr<Store>> Session::open(StoreSpec spec, Role role) {
  if (on_disk(spec) && role == Role::target) spec.options.try_emplace("missing", "empty");
  GODWIT_TRY(const std::optional<coding::CodingSpec> coding, coding::take_coding(spec));
  GODWIT_TRY(std::unique_ptr<Store> store, registry_.open(world_, spec));
  LayerOptions layers;
  layers.metrics = &metrics_;
  layers.calls_per_second = options_.calls_per_second;
  return coding::with_coding(world_, with_layers(std::move(store), layers), coding);
}

Result<std::unique_ptr<Store>> Session::open_tree(const std::string& text, Role role) {
  GODWIT_TRY(Location location, locate(text, Names::tree));
  // One flush at the end of a run makes it durable as a whole; a put alone is synced at once.
  if (on_disk(location.spec)) location.spec.options.try_emplace("fsync", "batch");
  return open(std::move(location.spec), role);
}

std::string Session::default_state_directory() {
  const auto state = world_.environment("XDG_STATE_HOME");
  if (state && state->starts_with('/')) return *state + "/godwit";
  const auto home = world_.environment("HOME");
  return home && home->starts_with('/') ? *home + "/.local/state/godwit" : "";
}

bool Session::wants_progress() const {
  const bool terminal = streams_.terminal_width > 0 && options_.format == Format::text &&
                        options_.detail != Detail::quiet;
  return options_.progress.value_or(terminal);
}

}  // namespace godwit::cli
