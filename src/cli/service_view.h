#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

// What people see of a daemon. Pure: from its answers to text.
namespace godwit::cli {

using ServiceJson = nlohmann::ordered_json;

/// Columns as wide as their widest cell; the first row is the head.
[[nodiscard]] std::string table(const std::vector<std::vector<std::string>>& rows);

struct StatusView {
  std::string text;
  std::vector<std::string> attention;  ///< what somebody should look at
};

/// Of groups as GET /api/v1/groups tells of them: for each a table of its targets, and at the end,
/// in one line each, what is wrong; or that nothing is.
[[nodiscard]] StatusView status_view(const ServiceJson& groups);
[[nodiscard]] std::string lag_view(const ServiceJson& groups);
[[nodiscard]] std::string queue_view(const ServiceJson& groups);
/// The longest lag of all targets, in milliseconds.
[[nodiscard]] double longest_lag_ms(const ServiceJson& groups);

/// What a move would do, or did.
[[nodiscard]] std::string move_view(const ServiceJson& report);
/// "05:31:10 backups target_unhealthy nyc3 KEY what".
[[nodiscard]] std::string event_view(const ServiceJson& event);

}  // namespace godwit::cli
