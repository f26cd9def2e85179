#include "service/service.h"

#include <cstdio>
#include <utility>

#include "service/request.h"
#include "world/context.h"
#include "world/signal.h"

namespace godwit::service {
namespace {

/// For answers under way, when the service stops.
constexpr Duration kGrace = std::chrono::seconds(3);
constexpr Duration kLook = std::chrono::milliseconds(10);

/// For those who mistype; not for those who guess.
constexpr Rate kWrongTokens{.per_second = 10, .burst = 100};

void tell_closing(LineLog& log, const GroupClosing& closing) {
  if (!closing.report) {
    const std::array fields{LogField{"error", closing.report.error().to_string()}};
    log.line(LogLevel::error, "group did not close well", closing.name, fields);
    return;
  }
  const CloseReport& report = *closing.report;
  if (report.drained) {
    log.line(LogLevel::info, "group is closed; every target has everything", closing.name, {});
    return;
  }
  for (const TargetBacklog& backlog : report.backlogs) {
    const std::array fields{LogField{"target", backlog.target},
                            LogField{"tasks", std::to_string(backlog.tasks)},
                            LogField{"dead_letters", std::to_string(backlog.dead_letters)}};
    log.line(LogLevel::warning, "left in the journal; goes on at the next start", closing.name,
             fields);
  }
  if (report.unsettled == 0) return;
  const std::array fields{LogField{"writes", std::to_string(report.unsettled)}};
  log.line(LogLevel::warning, "writes whose answer was lost are settled at the next start",
           closing.name, fields);
}

}  // namespace

Service::Service(World& world, Config config, Reader reader, std::ostream& log)
    : world_(world),
      config_(std::move(config)),
      reader_(std::move(reader)),
      log_(world, log, config_.log),
      events_(std::make_shared<EventHub>(world)),
      calls_(world),
      groups_(world, log_, calls_, events_),
      jobs_(world),
      rate_limit_(rate_of(config_.api)),
      wrong_tokens_(kWrongTokens),
      helpers_(world.executor()),
      began_(world.mono_now()) {}

std::string Service::new_request_id() {
  char text[20];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(world_.random()));
  return text;
}

Result<void> Service::listen() {
  const ApiConfig& api = config_.api;
  GODWIT_TRY(const ListenAt at, parse_listen(api.listen));
  if (!at.is_loopback() && api.operate_token.empty()) {
    return fail(Error(Code::invalid_argument,
                      "api.listen: others can reach " + api.listen + ", and there is no token")
                    .with_hint("set api.operate_token_file, or listen on 127.0.0.1"));
  }
  if (!at.is_loopback() && api.certificate_file.empty()) {
    log_.line(LogLevel::warning, "others can read tokens on their way: no certificate_file", {},
              {});
  }
  http::ServerOptions options{.address = at.address,
                              .port = at.port,
                              .max_connections = api.max_connections,
                              .certificate_file = api.certificate_file,
                              .key_file = api.key_file};
  options.refuse = [this](unsigned status, const std::string& why) {
    const Code code = status == 500   ? Code::internal
                      : status == 503 ? Code::throttled
                                      : Code::invalid_argument;
    http::Answer answer{.status = status,
                        .body = dump(error_json(Error(code, why), new_request_id())) + "\n"};
    answer.headers.set("Content-Type", "application/json");
    return answer;
  };
  GODWIT_TRY(server_, http::listen(world_, std::move(options), [this](http::Exchange& exchange) {
               return serve(*this, exchange);
             }));
  return {};
}

Task<void> Service::open() {
  auto listening = listen();
  if (!listening) co_return listening;
  const std::array fields{LogField{"at", server_->endpoint().to_string()},
                          LogField{"node", config_.node.name}};
  log_.line(LogLevel::info, "listening", {}, fields);
  GODWIT_CO_CHECK(co_await groups_.open(config_));
  ready_ = true;
  helpers_.spawn(keep_history(*this));
  co_return Result<void>();
}

asio::awaitable<void> Service::keep_history(Service& service) {
  const Context context = Context(service.world_).with_cancel(service.closing_.token());
  for (bool going = true; going;) {
    co_await service.groups_.note_history();
    const Result<void> slept =
        co_await context.sleep(until_next(service.world_, History::kInterval));
    going = slept.has_value();
  }
}

asio::awaitable<void> Service::stop_server(http::Server& server, Duration grace) {
  co_await server.stop(grace);
}

asio::awaitable<void> Service::close() {
  ready_ = false;
  closing_.cancel();
  co_await helpers_.join();
  TaskGroup stopping(world_.executor());
  // Longer than the groups take, so that who waits for a store is told what became of his call.
  if (server_) stopping.spawn(stop_server(*server_, config_.node.drain + 2 * kGrace));
  const Context patient = Context(world_).with_timeout(kGrace);
  while (stopping.running() > 0) {
    const Result<void> slept = co_await patient.sleep(kLook);
    if (!slept) break;
  }
  jobs_.cancel_all();
  // Also ends calls that wait for stores, and with them the answers that wait for those.
  const std::vector<GroupClosing> closings = co_await groups_.close(config_.node.drain);
  co_await stopping.join();
  for (const GroupClosing& closing : closings) tell_closing(log_, closing);
  auto join = [this] {
    jobs_.join();
    return Result<void>();
  };
  (void)co_await run_blocking(world_, std::move(join));
  groups_.let_go();
}

Task<ReloadReport> Service::reload() {
  Reader reader = reader_;
  auto fresh = co_await run_blocking(world_, std::move(reader));
  if (!fresh) co_return std::unexpected(std::move(fresh).error());
  Reload taking({.config = config_, .log = log_, .rate_limit = rate_limit_, .groups = groups_},
                *fresh);
  ReloadReport report = co_await taking.run();
  for (const std::string& key : report.applied) {
    const std::array fields{LogField{"key", key}};
    log_.line(LogLevel::info, "reloaded", {}, fields);
  }
  for (const ReloadReport::Refused& refused : report.refused) {
    const std::array fields{LogField{"key", refused.key}, LogField{"why", refused.why}};
    log_.line(LogLevel::warning, "not reloaded", {}, fields);
  }
  co_return report;
}

}  // namespace godwit::service
