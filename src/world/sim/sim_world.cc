#include "world/sim/sim_world.h"

#include <boost/asio/io_context.hpp>
#include <exception>
#include <map>
#include <random>
#include <utility>

#include "world/disk.h"
#include "world/signal.h"

namespace godwit {
namespace {

/// Where simulated calendars begin: 2026-01-01.
constexpr WallTime kEpoch{std::chrono::sys_days{std::chrono::year(2026) / 1 / 1}};

/// A world without a disk: each call is refused.
class NoDisk final : public Disk {
 public:
  Result<std::unique_ptr<File>> open(const std::string&, OpenMode) override { return none(); }
  Result<FileStat> stat(const std::string&, Symlinks) override { return none(); }
  Result<std::vector<DirectoryEntry>> list(const std::string&) override { return none(); }
  Result<void> make_directory(const std::string&) override { return none(); }
  Result<void> rename(const std::string&, const std::string&, OnExisting) override {
    return none();
  }
  Result<void> remove_file(const std::string&) override { return none(); }
  Result<void> remove_directory(const std::string&) override { return none(); }
  Result<void> sync_directory(const std::string&) override { return none(); }
  Result<void> sync_all(const std::string&) override { return none(); }
  Result<std::shared_ptr<void>> lock(const std::string&) override { return none(); }
  Result<std::optional<std::string>> attribute(const std::string&, const std::string&) override {
    return none();
  }

 private:
  static std::unexpected<Error> none() {
    return fail(Code::unsupported, "this simulated world has no disk");
  }
};

}  // namespace

struct SimWorld::Impl {
  explicit Impl(std::uint64_t seed) : generator(seed) {}

  void note(std::uint64_t value) {
    // FNV-1a, word-wise.
    trace = (trace ^ value) * 0x100000001b3ULL;
  }

  asio::io_context io{1};
  MonoTime now{};
  std::mt19937_64 generator;
  /// By time, then by order of arrival.
  std::map<std::pair<MonoTime, std::uint64_t>, Signal*> sleepers;
  std::uint64_t arrived = 0;
  std::uint64_t trace = 0xcbf29ce484222325ULL;
  NoDisk disk;
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
    if (impl_->sleepers.empty()) break;
    const auto next = impl_->sleepers.begin();
    impl_->now = std::max(impl_->now, next->first.first);
    impl_->note(static_cast<std::uint64_t>(impl_->now.time_since_epoch().count()));
    Signal* signal = next->second;
    impl_->sleepers.erase(next);
    signal->notify_all();
  }
  if (bug) std::rethrow_exception(bug);
  return ended;
}

std::uint64_t SimWorld::trace() const { return impl_->trace; }
WallTime SimWorld::wall_now() { return kEpoch + impl_->now.time_since_epoch(); }
MonoTime SimWorld::mono_now() { return impl_->now; }

std::uint64_t SimWorld::random() {
  const std::uint64_t drawn = impl_->generator();
  impl_->note(drawn);
  return drawn;
}

asio::any_io_executor SimWorld::executor() { return impl_->io.get_executor(); }

Task<void> SimWorld::sleep_until(MonoTime deadline, CancelToken cancel) {
  if (cancel.cancelled()) co_return fail(Code::cancelled, "cancelled");
  Signal woken(executor());
  const auto place = std::pair(deadline, impl_->arrived++);
  impl_->sleepers[place] = &woken;
  bool cancelled = false;
  const CancelRegistration registration = cancel.on_cancel([&] {
    cancelled = true;
    impl_->sleepers.erase(place);
    woken.notify_all();
  });
  co_await woken.wait();
  if (cancelled) co_return fail(Code::cancelled, "cancelled");
  co_return Result<void>();
}

void SimWorld::post_blocking(std::move_only_function<void()> work) {
  asio::post(impl_->io, std::move(work));
}

Disk& SimWorld::disk() { return impl_->disk; }

std::optional<std::string> SimWorld::environment(const std::string&) { return std::nullopt; }

}  // namespace godwit
