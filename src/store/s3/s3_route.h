#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/transport.h"
#include "store/s3/s3_config.h"

namespace godwit::s3 {

/// Where and under which paths a bucket is asked. A value.
class Route {
 public:
  explicit Route(const Config& config);

  [[nodiscard]] const http::Endpoint& endpoint() const { return endpoint_; }
  /// What Host says.
  [[nodiscard]] const std::string& authority() const { return authority_; }
  /// Encoded; of the bucket itself when `key` is null.
  [[nodiscard]] std::string path_of(const std::string* key) const;

  /// The same bucket where AWS answers for `region`; unchanged for an endpoint of another name.
  [[nodiscard]] Route in_region(const std::string& from, const std::string& to) const;
  /// The same bucket where a redirect points to, or nothing when that is another path, or plain
  /// http where this is https: nobody may talk us out of that.
  [[nodiscard]] std::optional<Route> redirected(const http::Url& location,
                                                const std::string* key) const;
  /// As `redirected`, where only "HOST" or "HOST:PORT" is told.
  [[nodiscard]] std::optional<Route> redirected(std::string_view host) const;

  bool operator==(const Route&) const = default;

 private:
  Route(const Route& other, http::Endpoint endpoint);

  std::string bucket_;
  std::string prefix_;  // encoded
  http::Endpoint endpoint_;
  Addressing addressing_;
  std::string authority_;
};

}  // namespace godwit::s3
