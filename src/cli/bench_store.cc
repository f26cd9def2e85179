#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <memory>

#include "cli/app.h"
#include "world/signal.h"

namespace godwit::cli {
namespace {

struct Arguments {
  std::string location;
  std::string size = "4KiB";
  std::size_t objects = 1000;
  std::size_t concurrency = 16;
};
using Shared = std::shared_ptr<Arguments>;

/// What is measured of one kind of operation.
struct Phase {
  const char* name;
  std::vector<Duration> latencies;
  Duration elapsed{};
  std::size_t failed = 0;
};

enum class Operation : std::uint8_t { put, get };

class Bench {
 public:
  Bench(Session& session, Store& store, std::string prefix, Bytes size)
      : session_(session), store_(store), prefix_(std::move(prefix)), body_(size, 'g') {}

  asio::awaitable<Phase> run(Operation operation, const Arguments& a) {
    Phase phase{operation == Operation::put ? "put" : "get", {}, {}, 0};
    next_ = 0;
    const MonoTime start = session_.world().mono_now();
    TaskGroup group(session_.world().executor());
    for (std::size_t i = 0; i < a.concurrency; ++i) {
      group.spawn(work(operation, a.objects, phase));
    }
    co_await group.join();
    phase.elapsed = session_.world().mono_now() - start;
    co_return phase;
  }

  Task<void> clean_up() {
    ListOptions options;
    options.prefix = prefix_;
    const std::unique_ptr<Listing> listing = store_.list(options);
    const Context last(session_.world());
    for (;;) {
      GODWIT_CO_TRY(const std::vector<ListEntry> page, co_await listing->next(last));
      if (page.empty()) co_return Result<void>();
      for (std::size_t at = 0; at < page.size();) {
        std::vector<std::string> keys;
        while (at < page.size() && keys.size() < store_.capabilities().max_removes) {
          keys.push_back(page[at++].key);
        }
        GODWIT_CO_CHECK(co_await store_.remove(last, keys));
      }
    }
  }

 private:
  asio::awaitable<void> work(Operation operation, std::size_t objects, Phase& phase) {
    while (next_ < objects && session_.context().check()) {
      const std::string key = prefix_ + std::to_string(next_++);
      const MonoTime start = session_.world().mono_now();
      const Result<void> done = co_await once(operation, key);
      if (done) {
        phase.latencies.push_back(session_.world().mono_now() - start);
      } else if (phase.failed++ == 0) {
        session_.output().error(done.error());
      }
    }
  }

  Task<void> once(Operation operation, const std::string& key) {
    if (operation == Operation::put) {
      ViewBody body(as_bytes(body_));
      const Upload upload{&body, body_.size()};
      const PutOptions options;
      GODWIT_CO_CHECK(co_await store_.put(session_.context(), key, upload, options));
      co_return Result<void>();
    }
    const GetOptions options;
    GODWIT_CO_TRY(GetResult got, co_await store_.get(session_.context(), key, options));
    GODWIT_CO_CHECK(co_await read_all(*got.body, got.info.size));
    co_return Result<void>();
  }

  Session& session_;
  Store& store_;
  std::string prefix_;
  std::string body_;
  std::size_t next_ = 0;
};

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

std::string report(Phase& phase, Bytes size) {
  std::ranges::sort(phase.latencies);
  const std::size_t count = phase.latencies.size();
  const auto at = [&phase, count](double share) {
    const auto index = static_cast<std::size_t>(share * static_cast<double>(count));
    return count == 0 ? 0.0 : milliseconds(phase.latencies[std::min(index, count - 1)]);
  };
  const double seconds = std::max(std::chrono::duration<double>(phase.elapsed).count(), 1e-9);
  const double rate = static_cast<double>(count) / seconds;
  std::array<char, 160> text{};
  std::snprintf(text.data(), text.size(),
                "%-4s %8.0f obj/s  %12s/s  p50 %7.2f ms  p99 %7.2f ms  %zu failed", phase.name,
                rate, format_bytes(static_cast<Bytes>(rate * static_cast<double>(size))).c_str(),
                at(0.5), at(0.99), phase.failed);
  return text.data();
}

Task<int> run_bench(Session& session, Shared a) {
  GODWIT_CO_TRY(const std::unique_ptr<Store> store, session.open_tree(a->location, Role::target));
  GODWIT_CO_TRY(const Bytes size, parse_bytes(a->size));
  // A name of its own, so that nothing that was there is read, replaced or removed.
  const std::string prefix = "godwit-bench-" + std::to_string(session.world().random()) + "/";
  Bench bench(session, *store, prefix, size);
  std::size_t failed = 0;
  for (const Operation operation : {Operation::put, Operation::get}) {
    Phase phase = co_await bench.run(operation, *a);
    session.output().line(report(phase, size));
    failed += phase.failed;
  }
  GODWIT_CO_CHECK(co_await bench.clean_up());
  GODWIT_CO_CHECK(session.context().check());
  co_return failed > 0 ? kPartial : kDone;
}

}  // namespace

void add_bench_command(CLI::App& app, Chosen& chosen) {
  const auto a = std::make_shared<Arguments>();
  CLI::App& command =
      *app.add_subcommand("bench-store", "measure a store in a scratch prefix that is removed");
  command.add_option("STORE", a->location, "what to measure")->required();
  command.add_option("--size", a->size, "of each object")->capture_default_str();
  command.add_option("--objects", a->objects, "how many")->capture_default_str();
  command.add_option("--concurrency", a->concurrency, "at once")->capture_default_str();
  command.footer("\nExamples:\n  godwit bench-store --size 1MiB --objects 200 s3://b");
  command.callback(
      [&chosen, a] { chosen = [a](Session& session) { return run_bench(session, a); }; });
}

}  // namespace godwit::cli
