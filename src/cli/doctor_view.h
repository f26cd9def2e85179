#pragma once

#include <string>

#include "cli/service_view.h"

// What people see of a daemon's self-examination. Pure: from its answer to text.
namespace godwit::cli {

/// What is not well, the worst first, each with its reason and what to do; then how much is well.
[[nodiscard]] std::string doctor_view(const ServiceJson& answer);
/// By the worst: kDifferences: a problem; kPartial: a warning; kDone: advice at most.
[[nodiscard]] int exit_code_of_doctor(const ServiceJson& answer);

}  // namespace godwit::cli
