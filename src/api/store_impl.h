#pragma once

#include <atomic>
#include <stop_token>
#include <utility>

#include "api/event_pump.h"
#include "api/guard.h"
#include "api/runner.h"
#include "api/session.h"

namespace godwit {

/// What stands behind a ReplicatedStore.
struct ReplicatedStore::Impl {
  explicit Impl(const ReplicationConfig& config)
      : log(config.log),
        pump(sink()),
        runner(config.max_pending_calls, config.event_loop),
        session(runner) {}

  LogSink& sink() { return log ? *log : null_log(); }

  /// What `work`, made on the engine's thread, yields.
  template <class T>
  Result<T> call(api::Runner::Work<T> work) {
    return runner.call<T>(std::move(work));
  }
  /// Soon, whether calls are taken or not.
  void on_engine(std::move_only_function<void()> work) {
    asio::post(runner.world().executor(), std::move(work));
  }
  /// `callback`, so that nothing that it throws comes out.
  template <class T>
  Callback<T> guarded(Callback<T> callback) {
    return [this, callback = std::move(callback)](Result<T> result) mutable {
      const auto thrown = api::thrown_by([&] { callback(std::move(result)); });
      if (!thrown) return;
      ++callback_errors;
      sink().write(LogLevel::error, "a callback threw", {{"what", *thrown}});
    };
  }
  template <class T>
  Result<void> start(api::Runner::Work<T> work, Callback<T> callback) {
    return runner.start<T>(std::move(work), guarded<T>(std::move(callback)));
  }
  /// Lets go of what a call of several steps has open, whatever ends it.
  class Ending {
   public:
    Ending(Impl& impl, api::Ticket ticket) : impl_(impl), ticket_(ticket) {}
    Ending(Ending&&) = delete;
    ~Ending() {
      (void)api::thrown_by(
          [this] { (void)impl_.call<void>([this] { return impl_.session.end(ticket_); }); });
    }

   private:
    Impl& impl_;
    api::Ticket ticket_;
  };

  /// Hands on what long work tells, on this thread, until it has ended; yields what it came to.
  Result<RepairReport> follow(api::Ticket ticket,
                              const std::function<Result<void>(const Finding&)>& sink,
                              const ProgressSink& progress, const std::stop_token& stop) {
    const Ending ending(*this, ticket);
    const std::stop_callback on_stop(
        stop, [this, ticket] { on_engine([this, ticket] { session.cancel(ticket); }); });
    using News = api::Examination::News;
    for (bool ended = false; !ended;) {
      GODWIT_TRY(const News news, call<News>([&] { return session.next_news(ticket); }));
      for (const Finding& finding : news.findings) {
        if (sink) GODWIT_CHECK(sink(finding));
      }
      if (news.progress && progress) progress(*news.progress);
      ended = news.ended;
    }
    return call<RepairReport>([&] { return session.examined(ticket); });
  }

  std::shared_ptr<LogSink> log;
  std::atomic<std::uint64_t> callback_errors = 0;
  api::EventPump pump;
  api::Runner runner;
  api::Session session;
};

}  // namespace godwit
