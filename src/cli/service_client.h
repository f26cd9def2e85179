#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/session.h"

namespace godwit::cli {

/// Where a daemon is, and who we are.
struct ServiceOptions {
  std::string api;         ///< empty: $GODWIT_API, else http://127.0.0.1:7070
  std::string token_file;  ///< empty: $GODWIT_TOKEN, if it is set
  std::string group;       ///< empty: the only one
};

enum class Followed : std::uint8_t {
  all,
  no_writes  ///< all but write_replicated, which comes for each write
};

/// What is asked of a daemon.
struct ServiceCall {
  std::string method = "GET";
  std::string path;
  nlohmann::ordered_json body;  ///< null: none
};

/// A running `godwit run`, over its API.
/// Failure of all calls: what the daemon says, with its code and hint; unavailable where none
/// answers, with what to do.
class ServiceClient {
 public:
  using Json = nlohmann::ordered_json;

  /// Failure: invalid_argument for the URL and the token file.
  [[nodiscard]] static Result<ServiceClient> make(Session& session, const ServiceOptions& options);

  /// Null where the answer has no body.
  [[nodiscard]] Task<Json> call(const ServiceCall& call);
  /// All groups, or the one that the options name.
  [[nodiscard]] Task<Json> groups();
  /// The name of the group that is meant: that of the options, or the only one.
  [[nodiscard]] Task<std::string> group();
  /// Calls `take` with the data of each event, until the daemon stops or `take` says false.
  [[nodiscard]] Task<void> follow(Followed followed,
                                  const std::function<bool(const std::string&)>& take);

 private:
  ServiceClient(Session& session, std::string group)
      : session_(&session), group_(std::move(group)) {}
  [[nodiscard]] Task<http::Response> send(const ServiceCall& call);

  Session* session_;
  std::string group_;
  std::string token_;
  http::Url url_;
};

/// The path of a group, with what follows: "/api/v1/groups/NAME/conflicts".
[[nodiscard]] std::string group_path(const std::string& group, const std::string& rest);

}  // namespace godwit::cli
