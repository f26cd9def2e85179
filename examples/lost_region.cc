// A region is lost in the midst of the writes, another takes its place by itself, and the lost one
// is given what it missed when it is back. `scripts/demo` runs this. `.value()` throws where a call
// fails, which ends this program.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "godwit/replicated_store.h"

using namespace std::chrono_literals;

namespace {

namespace fs = std::filesystem;

constexpr int kObjects = 1000;

class Lab {
 public:
  explicit Lab(const std::string& directory) : directory_(directory) {
    fs::remove_all(directory);
    godwit::ReplicationConfig config;
    config.name = "flights";
    config.data_dir = directory + "/data";
    config.primary = {.name = "auckland", .url = url_of("auckland"), .region = "auckland"};
    config.targets = {
        {.name = "yalu", .url = url_of("yalu"), .region = "yalu"},
        {.name = "anchorage", .url = url_of("anchorage"), .region = "anchorage", .priority = 2}};
    config.late_write_window = 2s;  // how long a write to the lost region may still land there
    store_ = godwit::ReplicatedStore::open(std::move(config)).value();
    store_->on_event([](const godwit::Event& event) { tell(event); }).value();
  }
  ~Lab() { fs::remove_all(directory_); }
  Lab(Lab&&) = delete;

  int run() {
    for (int i = 0; i < kObjects; ++i) put(i, "written in auckland");
    wait([&] { return caught_up(); });
    std::printf("%d objects are in three regions\n", kObjects);

    std::printf("the disk of auckland is gone\n");
    fs::rename(path_of("auckland"), path_of("lost"));
    const auto lost = std::chrono::steady_clock::now();
    wait([&] { return store_->status().value().primary != "auckland"; });
    put(0, "written without auckland");
    const std::chrono::duration<double> silence = std::chrono::steady_clock::now() - lost;
    std::printf("written again after %.1f s\n", silence.count());
    for (int i = 0; i < kObjects / 2; ++i) put(i, "written without auckland");

    std::printf("the disk of auckland is back\n");
    fs::remove_all(path_of("auckland"));
    fs::rename(path_of("lost"), path_of("auckland"));
    wait([&] { return caught_up(); });
    const auto report = store_->move_primary({.to = "auckland"}).value();
    std::printf("auckland takes the writes again, in epoch %u, with %zu at risk\n", report.epoch,
                report.at_risk.size());
    const int wrong = count_wrong();
    std::printf("%d of %d objects are wrong in any region\n", wrong, kObjects);
    (void)store_->close(10s);
    return wrong == 0 ? 0 : 1;
  }

 private:
  static void tell(const godwit::Event& event) {
    const bool is_news = event.type == godwit::EventType::primary_moved ||
                         event.type == godwit::EventType::failover_triggered ||
                         event.type == godwit::EventType::target_unhealthy ||
                         event.type == godwit::EventType::sync_completed;
    if (is_news) std::printf("  %s\n", to_json(event).c_str());
  }
  [[nodiscard]] std::string path_of(const std::string& region) const {
    return directory_ + "/" + region;
  }
  [[nodiscard]] std::string url_of(const std::string& region) const {
    return "file://" + path_of(region);
  }
  static std::string key_of(int number) { return "flight-" + std::to_string(number); }

  void put(int number, const std::string& body) { (void)store_->put(key_of(number), body).value(); }
  [[nodiscard]] bool caught_up() const {
    const godwit::GroupStatus status = store_->status().value();
    return std::ranges::all_of(status.targets, &godwit::TargetStatus::caught_up);
  }
  /// For at most two minutes.
  static void wait(const std::function<bool()>& holds) {
    for (int i = 0; i < 2400 && !holds(); ++i) std::this_thread::sleep_for(50ms);
    if (!holds()) throw std::runtime_error("it takes too long");
  }
  [[nodiscard]] int count_wrong() const {
    int wrong = 0;
    for (const char* region : {"auckland", "yalu", "anchorage"}) {
      for (int i = 0; i < kObjects; ++i) {
        const godwit::ReadOptions nearest{.preference = godwit::ReadPreference::nearest,
                                          .region = region};
        const auto object = store_->get(key_of(i), nearest).value();
        const bool late = i < kObjects / 2;
        if (object.body != (late ? "written without auckland" : "written in auckland")) ++wrong;
      }
    }
    return wrong;
  }

  std::string directory_;
  std::unique_ptr<godwit::ReplicatedStore> store_;
};

}  // namespace

int main(int argc, char** argv) {
  try {
    return Lab(argc > 1 ? argv[1] : fs::temp_directory_path() / "godwit-lost-region").run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
