#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "service/api.h"

// Pure parts of answering a request: what comes from outside is read here.
namespace godwit::service {

/// A path and its query, decoded.
struct Asked {
  std::string path;  ///< as it was sent: names in it are decoded when it is matched
  std::map<std::string, std::string> query;
};
/// Failure: invalid_argument for broken escapes, and a name that is there twice.
[[nodiscard]] Result<Asked> parse_target(std::string_view target);

/// What stands for the names of `pattern` in `path`; nothing where it does not match.
/// Failure: invalid_argument for broken escapes.
[[nodiscard]] Result<std::optional<std::map<std::string, std::string>>> match(
    std::string_view pattern, std::string_view path);

/// Failure: invalid_argument, naming what is unknown (with the nearest), missing or of another
/// type.
[[nodiscard]] Result<void> check_query(const std::map<std::string, std::string>& query,
                                       const std::vector<Argument>& known);
/// The same of a body; an empty one is an object without fields.
[[nodiscard]] Result<Json> parse_fields(std::string_view body, const std::vector<Argument>& known);

/// Whether `given` is `token`, in a time that does not tell how much of it is right.
[[nodiscard]] bool same_token(std::string_view given, std::string_view token);

/// What a caller may do. `authorization` is the header's value.
/// Without tokens everyone may do everything: then only this machine can connect.
[[nodiscard]] std::optional<Access> access_of(std::string_view authorization,
                                              const std::string& read_token,
                                              const std::string& operate_token);

/// The secrets that a sender of webhooks shows: a bearer token, the bare header (as MinIO sends
/// it), the password of Basic (as SNS does), or `secret` of the query.
[[nodiscard]] std::vector<std::string> shown_secrets(
    std::string_view authorization, const std::map<std::string, std::string>& query);
/// A target as logs may show it: without the value of `secret`.
[[nodiscard]] std::string without_secret(std::string_view target);

/// "ADDRESS:PORT", "[V6]:PORT".
struct ListenAt {
  std::string address;
  std::uint16_t port = 0;
  [[nodiscard]] bool is_loopback() const;
};
[[nodiscard]] Result<ListenAt> parse_listen(const std::string& text);

/// Whether a Host or Origin header names this machine: pages of others that a browser on it shows
/// must not give orders here.
[[nodiscard]] bool names_loopback(std::string_view authority);

}  // namespace godwit::service
