#include "world/sim/sim_world.h"

#include <boost/asio/io_context.hpp>
#include <exception>
#include <map>
#include <random>
#include <utility>

#include "world/signal.h"
#include "world/sim/sim_disk.h"

namespace godwit {
namespace {

/// Where simulated calendars begin: 2026-01-01.
constexpr WallTime kEpoch{std::chrono::sys_days{std::chrono::year(2026) / 1 / 1}};

}  // namespace

struct SimWorld::Impl {
  explicit Impl(std::uint64_t seed)
      : generator(seed), disk([this] { return draw(); }, [this] { return wall(); }) {}

  std::uint64_t draw() {
    const std::uint64_t drawn = generator();
    note(drawn);
    return drawn;
  }
  [[nodiscard]] WallTime wall() const { return kEpoch + ahead + now.time_since_epoch(); }

  void note(std::uint64_t value) {
    // FNV-1a, word-wise.
    trace = (trace ^ value) * 0x100000001b3ULL;
  }

  asio::io_context io{1};
  MonoTime now{};
  Duration ahead{};
  std::mt19937_64 generator;
  /// By time, then by order of arrival.
  std::map<std::pair<MonoTime, std::uint64_t>, std::move_only_function<void()>> due;
  std::uint64_t arrived = 0;
  std::uint64_t trace = 0xcbf29ce484222325ULL;
  SimDisk disk;
};

SimWorld::SimWorld(std::uint64_t seed) : impl_(std::make_unique<Impl>(seed)) {}
SimWorld::~SimWorld() = default;

bool SimWorld::run(asio::awaitable<void> main) {
  std::exception_ptr bug;
  bool ended = false;
  asio::co_spawn(impl_->io, std::move(main), [&](std::exception_ptr thrown) {
    bug = std::move(thrown);
    ended = true;
  });
  for (std::uint64_t events = 0; !ended && events < kMostEvents;) {
    impl_->io.restart();
    const std::size_t done = impl_->io.poll();
    events += done;
    impl_->note(done);
    if (done > 0 || ended) continue;
    if (impl_->due.empty()) break;
    auto next = impl_->due.extract(impl_->due.begin());
    impl_->now = std::max(impl_->now, next.key().first);
    impl_->note(static_cast<std::uint64_t>(impl_->now.time_since_epoch().count()));
    next.mapped()();
  }
  if (bug) std::rethrow_exception(bug);
  return ended;
}

std::uint64_t SimWorld::trace() const { return impl_->trace; }
void SimWorld::set_wall_clock(Duration ahead) { impl_->ahead = ahead; }
WallTime SimWorld::wall_now() { return impl_->wall(); }
MonoTime SimWorld::mono_now() { return impl_->now; }

std::uint64_t SimWorld::random() { return impl_->draw(); }

void SimWorld::fill_unguessable(std::span<std::byte> into) {
  for (std::byte& b : into) b = static_cast<std::byte>(impl_->draw());
}

asio::any_io_executor SimWorld::executor() { return impl_->io.get_executor(); }

Task<void> SimWorld::sleep_until(MonoTime deadline, CancelToken cancel) {
  if (cancel.cancelled()) co_return fail(Code::cancelled, "cancelled");
  Signal woken(executor());
  const auto place = std::pair(deadline, impl_->arrived++);
  impl_->due.emplace(place, [&woken] { woken.notify_all(); });
  bool cancelled = false;
  const CancelRegistration registration = cancel.on_cancel([&] {
    cancelled = true;
    impl_->due.erase(place);
    woken.notify_all();
  });
  co_await woken.wait();
  if (cancelled) co_return fail(Code::cancelled, "cancelled");
  co_return Result<void>();
}

// Slow work begins later: what was asked for after it may be done before it.
void SimWorld::post_blocking(std::move_only_function<void()> work) {
  const Duration longest = impl_->disk.longest_delay();
  if (longest == Duration::zero()) {
    asio::post(impl_->io, std::move(work));
    return;
  }
  const Duration delay(impl_->draw() % static_cast<std::uint64_t>(longest.count()));
  impl_->due.emplace(std::pair(impl_->now + delay, impl_->arrived++), std::move(work));
}

SimDisk& SimWorld::disk() { return impl_->disk; }

std::optional<std::string> SimWorld::environment(const std::string&) { return std::nullopt; }

}  // namespace godwit
