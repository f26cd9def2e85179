#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "cli/config.h"
#include "cli/exit_code.h"
#include "cli/locations.h"
#include "cli/output.h"
#include "http/client.h"
#include "kv/rocks_engine.h"
#include "store/layers/metrics.h"
#include "store/registry.h"
#include "world/context.h"
#include "world/real/real_world.h"

namespace godwit::cli {

/// What every command understands.
struct GlobalOptions {
  std::string config_file;
  std::string ca_file;
  std::string timeout;
  std::optional<double> calls_per_second;  ///< to each store
  Format format = Format::text;
  Detail detail = Detail::normal;
  std::optional<bool> progress;  ///< absent: on a terminal
};

struct Streams {
  std::ostream& out;
  std::ostream& err;
  std::size_t terminal_width = 0;  ///< of `err`; 0: no terminal
  std::string working_directory;
};

enum class Role : std::uint8_t { source, target };

/// One run of the program: its world, connections, stores and output.
class Session {
 public:
  Session(const GlobalOptions& options, const Streams& streams);
  Session(Session&&) = delete;

  using Command = std::function<Task<int>(Session&)>;
  /// Runs `command` to its end; prints its error, closes connections. SIGINT cancels it.
  [[nodiscard]] int run(const Command& command);

  [[nodiscard]] Result<Location> locate(const std::string& text, Names names) const;
  [[nodiscard]] Result<Location> locate_destination(const std::string& text,
                                                    const std::string& name) const;
  /// A target directory may not exist yet, a source must.
  [[nodiscard]] Result<std::unique_ptr<Store>> open(StoreSpec spec, Role role);
  [[nodiscard]] Result<std::unique_ptr<Store>> open_tree(const std::string& text, Role role);

  [[nodiscard]] const Context& context() const { return *context_; }
  [[nodiscard]] Output& output() { return output_; }
  [[nodiscard]] World& world() { return world_; }
  [[nodiscard]] http::Client& client() { return *client_; }
  /// Of all stores of this run together.
  [[nodiscard]] Traffic traffic() const { return {client_->stats().requests, metrics_}; }
  [[nodiscard]] const Config& config() const { return config_; }
  [[nodiscard]] const StoreRegistry& registry() const { return registry_; }
  [[nodiscard]] std::string default_state_directory();
  [[nodiscard]] bool wants_progress() const;
  [[nodiscard]] const Streams& streams() const { return streams_; }

 private:
  [[nodiscard]] Result<void> prepare();
  asio::awaitable<void> run_command(const Command& command, int& exit_code);
  void interrupted();

  const GlobalOptions& options_;
  Streams streams_;
  RealWorld world_;
  Output output_;
  Config config_;
  CancelSource cancel_;
  std::unique_ptr<http::Client> client_;
  kv::RocksEngine engine_;
  StoreMetrics metrics_;
  StoreRegistry registry_;
  std::optional<Context> context_;
  int interrupts_ = 0;
};

/// The exit code that fits an error that ended a command.
[[nodiscard]] int exit_code_of(const Error& error);

}  // namespace godwit::cli
