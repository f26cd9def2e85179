#include "service/daemon.h"

#include <cstdlib>
#include <utility>

#include "service/service.h"
#include "world/context.h"
#include "world/real/real_world.h"
#include "world/real/service_manager.h"
#include "world/signal.h"

namespace godwit::service {
namespace {

constexpr int kInterrupted = 130;

Result<Config> read_config(World& world, const DaemonOptions& options) {
  GODWIT_TRY(Config config,
             load_config(world, options.config_file, options.working_directory, options.overrides));
  GODWIT_CHECK(add_group_of_environment(world, config));
  if (!config.groups.empty()) return config;
  return fail(Error(Code::invalid_argument, "the config has no group to run")
                  .with_hint("add [groups.NAME], or set PRIMARY_BUCKET and SECONDARY_BUCKET"));
}

/// A service, and what signals and systemd want of it.
class Daemon {
 public:
  Daemon(RealWorld& world, Config config, const DaemonOptions& options, std::ostream& log)
      : world_(world),
        service_(
            world, std::move(config), [&world, &options] { return read_config(world, options); },
            log),
        reloads_(world.executor()),
        helpers_(world.executor()) {}

  [[nodiscard]] asio::awaitable<void> run();
  [[nodiscard]] DaemonEnd end() const { return end_; }

 private:
  static asio::awaitable<void> feed_watchdog(Daemon& daemon, Duration interval);
  static asio::awaitable<void> reload_when_asked(Daemon& daemon);
  void interrupted();

  RealWorld& world_;
  Service service_;
  CancelSource stop_;
  Signal reloads_;
  TaskGroup helpers_;
  int interrupts_ = 0;
  bool reload_ = false;
  DaemonEnd end_ = DaemonEnd::stopped;
};

void Daemon::interrupted() {
  if (++interrupts_ > 1) std::_Exit(kInterrupted);
  stop_.cancel();
}

asio::awaitable<void> Daemon::feed_watchdog(Daemon& daemon, Duration interval) {
  const Context context(daemon.world_);
  while (!daemon.stop_.token().cancelled()) {
    notify_service_manager(daemon.world_, "WATCHDOG=1");
    (void)co_await context.with_cancel(daemon.stop_.token()).sleep(interval / 2);
  }
}

asio::awaitable<void> Daemon::reload_when_asked(Daemon& daemon) {
  while (!daemon.stop_.token().cancelled()) {
    if (!std::exchange(daemon.reload_, false)) {
      co_await daemon.reloads_.wait();
      continue;
    }
    notify_service_manager(daemon.world_, "RELOADING=1");
    const Result<ReloadReport> report = co_await daemon.service_.reload();
    if (!report) {
      const std::array fields{LogField{"error", report.error().to_string()}};
      daemon.service_.log().line(LogLevel::error, "nothing was reloaded", {}, fields);
    }
    notify_service_manager(daemon.world_, "READY=1");
  }
}

asio::awaitable<void> Daemon::run() {
  world_.on_interrupt([this] { interrupted(); });
  world_.on_hangup([this] {
    reload_ = true;
    reloads_.notify_all();
  });
  if (const auto interval = watchdog_interval(world_)) {
    helpers_.spawn(feed_watchdog(*this, *interval));
  }
  const Result<void> opened = co_await service_.open();
  if (!opened) {
    const std::array fields{LogField{"error", opened.error().to_string()}};
    service_.log().line(LogLevel::error, "cannot start", {}, fields);
    const bool config = opened.error().code() == Code::invalid_argument;
    end_ = config ? DaemonEnd::bad_config : DaemonEnd::failed;
    stop_.cancel();
  } else {
    service_.log().line(LogLevel::info, "ready", {}, {});
    notify_service_manager(world_, "READY=1\nSTATUS=ready");
    helpers_.spawn(reload_when_asked(*this));
    (void)co_await world_.sleep_until(kNoDeadline, stop_.token());
    service_.log().line(LogLevel::info, "stopping", {}, {});
  }
  notify_service_manager(world_, "STOPPING=1");
  reloads_.notify_all();
  co_await service_.close();
  co_await helpers_.join();
}

}  // namespace

DaemonEnd run_daemon(const DaemonOptions& options, std::ostream& log) {
  RealWorld world({.blocking_threads = Calls::kThreads});
  Result<Config> config = read_config(world, options);
  if (!config) {
    log << "godwit: " << config.error().to_string() << "\n";
    return DaemonEnd::bad_config;
  }
  Daemon daemon(world, *std::move(config), options, log);
  world.run(daemon.run());
  return daemon.end();
}

}  // namespace godwit::service
