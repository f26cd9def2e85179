#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "world/real/real_disk.h"
#include "world/sim/sim_world.h"

namespace godwit::test {

/// A simulated world with an environment, a clock that tests turn, and a home directory of its own.
class FakeWorld final : public World {
 public:
  FakeWorld() {
    std::string pattern = std::filesystem::temp_directory_path() / "godwit_home_XXXXXX";
    home_ = ::mkdtemp(pattern.data());
    variables["HOME"] = home_;
    std::filesystem::create_directory(home_ + "/.aws");
  }
  FakeWorld(FakeWorld&&) = delete;
  ~FakeWorld() override { std::filesystem::remove_all(home_); }

  /// `name` is relative to the home directory.
  void write(const std::string& name, std::string_view text) const {
    std::ofstream(home_ + "/" + name) << text;
  }
  [[nodiscard]] std::string path(const std::string& name) const { return home_ + "/" + name; }
  [[nodiscard]] bool run(asio::awaitable<void> main) { return sim_.run(std::move(main)); }

  WallTime wall_now() override { return sim_.wall_now() + turned; }
  MonoTime mono_now() override { return sim_.mono_now(); }
  std::uint64_t random() override { return sim_.random(); }
  void fill_unguessable(std::span<std::byte> into) override { sim_.fill_unguessable(into); }
  asio::any_io_executor executor() override { return sim_.executor(); }
  Task<void> sleep_until(MonoTime deadline, CancelToken cancel) override {
    return sim_.sleep_until(deadline, std::move(cancel));
  }
  void post_blocking(std::move_only_function<void()> work) override {
    sim_.post_blocking(std::move(work));
  }
  Disk& disk() override { return disk_; }
  std::optional<std::string> environment(const std::string& name) override {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  }

  std::map<std::string, std::string> variables;
  Duration turned{};

 private:
  SimWorld sim_{1};
  RealDisk disk_;
  std::string home_;
};

}  // namespace godwit::test
