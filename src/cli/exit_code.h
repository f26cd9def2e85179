#pragma once

namespace godwit::cli {

/// What the process tells its caller; documented in `--help` and docs/reference/cli.md.
enum ExitCode : int {
  kDone = 0,         ///< all done, or all the same
  kDifferences = 1,  ///< verify found differences; a daemon, what needs attention
  kUsage = 2,        ///< bad option, URL or config; nothing was done
  kPartial = 3,      ///< some objects failed, a listing broke off, deletes were refused
  kFatal = 4,        ///< nothing could be done
  kInterrupted = 130
};

}  // namespace godwit::cli
