#pragma once

#include <ostream>
#include <string>

#include "service/config.h"

namespace godwit::service {

struct DaemonOptions {
  std::string config_file;  ///< empty: as load_config
  Overrides overrides;
  std::string working_directory;
};

/// How a daemon ended.
enum class DaemonEnd : std::uint8_t {
  stopped,     ///< it was asked to; what is not delivered is in the journal
  bad_config,  ///< nothing was done
  failed       ///< a port or a data_dir that is taken, say
};

/// Runs a service until SIGTERM or SIGINT, then drains; a second one ends the process at once.
/// SIGHUP reloads. Tells systemd. Log lines go to `log`, errors before there is a log too.
[[nodiscard]] DaemonEnd run_daemon(const DaemonOptions& options, std::ostream& log);

}  // namespace godwit::service
