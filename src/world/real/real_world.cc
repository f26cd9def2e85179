#include "world/real/real_world.h"

#include <sys/random.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <random>

#include "world/real/blocking_pool.h"
#include "world/real/event_loop.h"
#include "world/real/real_disk.h"

namespace godwit {

struct RealWorld::Impl {
  explicit Impl(const RealWorldOptions& options)
      : loop(options.loop),
        own(1),
        io(loop ? loop->io() : own),
        signals(io),
        hangups(io),
        generator(std::random_device()()),
        blocking(options.blocking_threads) {}

  /// Calls `action`, which outlives the run, at each signal of `set`.
  static void wait_for_signal(asio::signal_set& set, std::function<void()>& action) {
    set.async_wait([&set, &action](const boost::system::error_code& error, int) {
      if (error) return;
      action();
      wait_for_signal(set, action);
    });
  }

  std::shared_ptr<EventLoop> loop;
  asio::io_context own;
  asio::io_context& io;
  asio::signal_set signals;
  asio::signal_set hangups;
  RealDisk disk;
  std::mt19937_64 generator;
  std::function<void()> interrupted;
  std::function<void()> hung_up;
  BlockingPool blocking;  // last: what it does may use the rest
};

RealWorld::RealWorld(const RealWorldOptions& options) : impl_(std::make_unique<Impl>(options)) {
  // A peer that went away is an error of the write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
}

RealWorld::~RealWorld() = default;

void RealWorld::run(asio::awaitable<void> main) {
  std::exception_ptr bug;
  bool ended = false;
  asio::co_spawn(impl_->io, std::move(main), [&](std::exception_ptr thrown) {
    bug = std::move(thrown);
    ended = true;
    impl_->signals.cancel();
    impl_->hangups.cancel();
    impl_->io.stop();
  });
  impl_->io.restart();
  const auto alive = asio::make_work_guard(impl_->io);
  while (!ended) impl_->io.run();
  if (bug) std::rethrow_exception(bug);
}

void RealWorld::on_interrupt(std::function<void()> action) {
  impl_->interrupted = std::move(action);
  impl_->signals.add(SIGINT);
  impl_->signals.add(SIGTERM);
  Impl::wait_for_signal(impl_->signals, impl_->interrupted);
}

void RealWorld::on_hangup(std::function<void()> action) {
  impl_->hung_up = std::move(action);
  impl_->hangups.add(SIGHUP);
  Impl::wait_for_signal(impl_->hangups, impl_->hung_up);
}

WallTime RealWorld::wall_now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

MonoTime RealWorld::mono_now() {
  return MonoTime(std::chrono::steady_clock::now().time_since_epoch());
}

std::uint64_t RealWorld::random() { return impl_->generator(); }

// Not from the generator: it was seeded with 32 bits, so that two processes may draw the same.
void RealWorld::fill_unguessable(std::span<std::byte> into) {
  while (!into.empty()) {
    const ssize_t count = ::getrandom(into.data(), into.size(), 0);
    if (count < 0 && errno != EINTR) std::terminate();
    if (count > 0) into = into.subspan(static_cast<std::size_t>(count));
  }
}

asio::any_io_executor RealWorld::executor() { return impl_->io.get_executor(); }

Task<void> RealWorld::sleep_until(MonoTime deadline, CancelToken cancel) {
  asio::steady_timer timer(impl_->io,
                           std::chrono::steady_clock::time_point(deadline.time_since_epoch()));
  const CancelRegistration registration = cancel.on_cancel([&timer] { timer.cancel(); });
  if (cancel.cancelled()) co_return fail(Code::cancelled, "cancelled");
  boost::system::error_code error;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return fail(Code::cancelled, "cancelled");
  co_return Result<void>();
}

void RealWorld::post_blocking(std::move_only_function<void()> work) {
  impl_->blocking.post(std::move(work));
}

Disk& RealWorld::disk() { return impl_->disk; }

std::optional<std::string> RealWorld::environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace godwit
