#pragma once

#include <string>

#include "cli/service_view.h"

// What people see of a daemon's jobs. Pure: from its answers to text.
namespace godwit::cli {

/// A line for each.
[[nodiscard]] std::string jobs_view(const ServiceJson& jobs);

/// How far a job is, with a bar where its share is known; at most `width` wide.
[[nodiscard]] std::string job_line(const ServiceJson& job, std::size_t width);

/// A table of the stores that a drill has tried, and what to do where it failed.
[[nodiscard]] std::string drill_view(const ServiceJson& job);
/// kDone: all are proven; kDifferences: one has failed; kPartial: one could not be tried; kFatal:
/// nothing could.
[[nodiscard]] int exit_code_of_drill(const ServiceJson& job);

}  // namespace godwit::cli
