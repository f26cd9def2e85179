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
      : log(config.log), pump(sink()), runner(config.max_pending_calls), session(runner) {}

  LogSink& sink() { return log ? *log : null_log(); }

  /// What `work`, made on the engine's thread, yields.
  template <class T>
  Result<T> call(api::Runner::Work<T> work) {
    return runner.call<T>(std::move(work));
  }
  /// The same of work that a token tells when `stop` is asked for.
  template <class T>
  Result<T> call(const std::stop_token& stop, std::move_only_function<Task<T>(CancelToken)> work) {
    const auto source = std::make_shared<CancelSource>();
    const std::stop_callback on_stop(stop,
                                     [this, source] { on_engine([source] { source->cancel(); }); });
    return call<T>([source, work = std::move(work)]() mutable { return work(source->token()); });
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

  std::shared_ptr<LogSink> log;
  std::atomic<std::uint64_t> callback_errors = 0;
  api::EventPump pump;
  api::Runner runner;
  api::Session session;
};

}  // namespace godwit
