// A process that writes through a replicated store is killed at any moment, again and again. After
// each death a new process settles what was begun; then every store must hold what was
// acknowledged, nothing that failed, and the same everywhere. `group_kill [ROUNDS]`; exits 1 at a
// broken promise. The primary is a directory, the targets are a database and a directory.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <random>

#include "coordination/local_coordinator.h"
#include "kill/child.h"
#include "kv/rocks_engine.h"
#include "replication/group.h"
#include "replication/versioned.h"
#include "sim/group_history.h"
#include "store/file/file_store.h"
#include "store/rocksdb/rocks_store.h"
#include "support/run_task.h"
#include "world/real/real_world.h"

namespace godwit {
namespace {

using namespace std::chrono_literals;
using replication::Group;
using sim::GroupHistory;

constexpr std::uint64_t kKeys = 30;
constexpr int kWriters = 8;
constexpr int kLongestRound = 500'000;  // microseconds
const std::vector<std::string> kTargets{"base", "tree"};

/// What a writer says of a write, in one piece.
struct Note {
  enum class Kind : std::uint8_t { begins, removes, acknowledged, failed, unknown };
  Kind kind = Kind::begins;
  std::uint64_t key = 0;
  std::uint64_t number = 0;
  std::uint64_t time = 0;  // of the version
};

void say(const Note& note) {
  if (::write(STDOUT_FILENO, &note, sizeof note) != sizeof note) std::_Exit(1);
}

std::string key_of(std::uint64_t key) { return "k/" + std::to_string(key); }

/// Of every other process bodies are so large that they go in parts.
replication::GroupConfig config(World& world) {
  replication::GroupConfig config{.name = "g", .primary = "primary", .primary_region = "p"};
  config.late_write_window = 1s;
  if (world.random() % 2 == 0) config.part_size = 4;
  for (const std::string& name : kTargets) config.targets.push_back({.name = name, .region = name});
  return config;
}

/// The group as one process has it.
class Process {
 public:
  explicit Process(const std::string& directory) {
    const Context context(world_);
    const std::string agreed = directory + "/agreed";
    coordinator_ = test::run_task(world_, LocalCoordinator::open(context, agreed)).value();
    replication::GroupStores stores;
    stores["primary"] = open("file://" + directory + "/primary");
    stores["base"] = open("rocksdb://" + directory + "/base");
    stores["tree"] = open("file://" + directory + "/tree");
    const replication::GroupSupport support{.engine = engine_,
                                            .coordinator = *coordinator_,
                                            .journal_directory = directory + "/journal",
                                            .most_in_memory = 50,
                                            .state_directory = directory};
    group_ =
        test::run_task(world_, Group::open(context, config(world_), std::move(stores), support))
            .value();
  }
  Process(Process&&) = delete;
  ~Process() = default;

  RealWorld& world() { return world_; }
  Group& group() { return *group_; }
  [[nodiscard]] bool settled() const {
    const auto status = group_->status();
    return group_->unsettled() == 0 &&
           std::ranges::all_of(status, &replication::TargetStatus::caught_up);
  }
  Task<void> close() {
    GODWIT_CO_CHECK(co_await group_->close());
    co_return co_await coordinator_->close();
  }

 private:
  std::unique_ptr<Store> open(const std::string& url) {
    const StoreSpec spec = parse_store_url(url + "?missing=empty&fsync=never", "/").value();
    const SchemeInfo scheme =
        spec.scheme == "file" ? file::file_scheme() : rocks::rocksdb_scheme(engine_);
    return scheme.open(world_, spec).value();
  }

  RealWorld world_;
  kv::RocksEngine engine_;
  std::unique_ptr<LocalCoordinator> coordinator_;
  std::unique_ptr<Group> group_;
};

/// Writes for ever, and says what becomes of each write.
asio::awaitable<void> write_on(Process& process, std::uint64_t& last) {
  const Context context(process.world());
  while (true) {
    const std::uint64_t number = ++last;
    const std::uint64_t key = process.world().random() % kKeys;
    const bool removes = process.world().random() % 4 == 0;
    say({removes ? Note::Kind::removes : Note::Kind::begins, key, number, 0});
    replication::Receipt receipt;
    const replication::WriteOptions options{.receipt = &receipt};
    const std::string name = key_of(key);
    Result<replication::Receipt> done;
    if (removes) {
      done = co_await process.group().remove(context, name, options);
    } else {
      const std::string bytes = GroupHistory::body_of(name, number);
      ViewBody body(as_bytes(bytes));
      const replication::Incoming incoming{.body = &body, .size = bytes.size()};
      done = co_await process.group().put(context, name, incoming, options);
    }
    Note::Kind kind = Note::Kind::acknowledged;
    if (!done) {
      std::fprintf(stderr, "%s\n", done.error().to_string().c_str());
      const bool failed = done.error().outcome() == Outcome::not_applied;
      kind = failed ? Note::Kind::failed : Note::Kind::unknown;
    }
    say({kind, key, number, receipt.version.time.value});
  }
}

Task<void> write_side_by_side(Process& process, std::uint64_t last) {
  TaskGroup writers(process.world().executor());
  for (int i = 0; i < kWriters; ++i) writers.spawn(write_on(process, last));
  co_await writers.join();
  co_return Result<void>();
}

/// Waits until all is settled.
Task<void> settle(Process& process) {
  const Context context = Context(process.world()).with_timeout(60s);
  while (!process.settled()) GODWIT_CO_CHECK(co_await context.sleep(20ms));
  co_return co_await process.close();
}

int settle_all(const std::string& directory) {
  Process process(directory);
  const auto settled = test::run_task(process.world(), settle(process));
  if (settled) return 0;
  std::fprintf(stderr, "not settled: %s\n", settled.error().to_string().c_str());
  return 1;
}

// The parent.

Task<std::string> body_at(Context context, Store& store, std::string key) {
  const GetOptions options;
  GODWIT_CO_TRY(GetResult got, co_await store.get(context, key, options));
  co_return co_await read_all(*got.body, kMiB);
}

/// What a killed process had said.
class Witness {
 public:
  [[nodiscard]] std::uint64_t last() const { return last_; }

  void hear(int output) {
    Note note;
    while (::read(output, &note, sizeof note) == sizeof note) take(note);
    for (auto& [number, write] : open_) history_.end(*write);
    open_.clear();
  }

  /// Whether all stores hold what they must.
  bool check(const std::string& directory) {
    RealWorld world;
    kv::RocksEngine engine;
    std::map<std::string, std::unique_ptr<Store>> stores;
    for (const char* name : {"file:primary", "rocksdb:base", "file:tree"}) {
      const std::string text(name);
      const std::size_t colon = text.find(':');
      const std::string url = text.substr(0, colon) + "://" + directory + "/" +
                              text.substr(colon + 1) + "?missing=empty";
      const SchemeInfo scheme =
          text.starts_with("file") ? file::file_scheme() : rocks::rocksdb_scheme(engine);
      stores[text] = scheme.open(world, parse_store_url(url, "/").value()).value();
    }
    bool good = true;
    for (const std::string& key : history_.keys()) {
      for (auto& [name, store] : stores) good = check_one(world, name, *store, key) && good;
    }
    for (auto& [name, store] : stores) (void)test::run_task(world, store->close());
    return good;
  }
  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }

 private:
  void take(const Note& note) {
    const std::string key = key_of(note.key);
    if (note.kind == Note::Kind::begins || note.kind == Note::Kind::removes) {
      last_ = note.number;
      open_[note.number] = &history_.begin(key, note.kind == Note::Kind::removes);
      return;
    }
    sim::ClientWrite& write = *open_.at(note.number);
    open_.erase(note.number);
    history_.end(write);
    if (note.kind == Note::Kind::acknowledged) {
      write.acknowledged = Version{.epoch = 1, .time = {.value = note.time}, .region = "p"};
      ++acknowledged_;
    }
    write.failed = note.kind == Note::Kind::failed;
  }

  bool check_one(RealWorld& world, const std::string& name, Store& store, const std::string& key) {
    const auto body = test::run_task(world, body_at(Context(world), store, key));
    if (!body && body.error().code() != Code::not_found) {
      std::fprintf(stderr, "%s: %s\n", name.c_str(), body.error().to_string().c_str());
      return false;
    }
    const std::optional<std::string> held = body ? std::optional(*body) : std::nullopt;
    const auto wrong = history_.judge(key, held, history_.acknowledged(key));
    if (wrong) std::fprintf(stderr, "%s: %s\n", name.c_str(), wrong->c_str());
    return !wrong;
  }

  GroupHistory history_;
  std::uint64_t last_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::map<std::uint64_t, sim::ClientWrite*> open_;
};

int run(int rounds) {
  const std::string directory =
      std::filesystem::temp_directory_path() / ("group-kill-" + std::to_string(::getpid()));
  std::filesystem::create_directories(directory);
  std::mt19937 random(1);
  Witness witness;
  bool good = true;
  for (int round = 0; round < rounds && good; ++round) {
    const test::Child writer = test::Child::start("write", directory, witness.last());
    ::usleep(static_cast<useconds_t>(20'000 + random() % kLongestRound));
    ::kill(writer.pid, SIGKILL);
    witness.hear(writer.output);
    good = writer.wait() == -1;
    if (!good) std::fprintf(stderr, "the writer ended by itself\n");
    const test::Child settler = test::Child::start("settle", directory, 0);
    good = settler.wait() == 0 && good && witness.check(directory);
  }
  std::printf("%d rounds, %llu writes acknowledged: %s\n", rounds,
              static_cast<unsigned long long>(witness.acknowledged()), good ? "kept" : "BROKEN");
  if (good) std::filesystem::remove_all(directory);
  return good ? 0 : 1;
}

}  // namespace
}  // namespace godwit

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "12";
  if (mode == "settle") return godwit::settle_all(argv[2]);
  if (mode == "write") {
    godwit::Process process(argv[2]);
    const auto last = static_cast<std::uint64_t>(std::atoll(argv[3]));
    (void)godwit::test::run_task(process.world(), godwit::write_side_by_side(process, last));
    return 1;
  }
  return godwit::run(std::atoi(mode.c_str()));
}
