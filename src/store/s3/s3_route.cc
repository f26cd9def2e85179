#include "store/s3/s3_route.h"

#include <utility>

#include "http/url.h"

namespace godwit::s3 {

Route::Route(const Config& config)
    : bucket_(config.bucket),
      prefix_(http::uri_encode(config.prefix, http::Slash::keep)),
      endpoint_(config.endpoint),
      addressing_(config.addressing) {
  if (addressing_ == Addressing::virtual_host) endpoint_.host.insert(0, bucket_ + ".");
  authority_ = endpoint_.authority();
}

Route::Route(const Route& other, http::Endpoint endpoint) : Route(other) {
  endpoint_ = std::move(endpoint);
  authority_ = endpoint_.authority();
}

std::string Route::path_of(const std::string* key) const {
  const std::string root = addressing_ == Addressing::path ? "/" + bucket_ : std::string();
  if (key == nullptr) return root.empty() ? "/" : root;
  return root + "/" + prefix_ + http::uri_encode(*key, http::Slash::keep);
}

Route Route::in_region(const std::string& from, const std::string& to) const {
  http::Endpoint endpoint = endpoint_;
  const std::size_t at = endpoint.host.find("s3." + from + ".");
  if (at != std::string::npos) endpoint.host.replace(at + 3, from.size(), to);
  return {*this, std::move(endpoint)};
}

std::optional<Route> Route::redirected(const http::Url& location, const std::string* key) const {
  const bool downgrade =
      endpoint_.scheme == http::Scheme::https && location.endpoint.scheme == http::Scheme::http;
  if (downgrade) return std::nullopt;
  Route route(*this, location.endpoint);
  const bool in_host = location.endpoint.host.starts_with(bucket_ + ".");
  route.addressing_ = in_host ? Addressing::virtual_host : Addressing::path;
  const std::string_view path =
      std::string_view(location.target).substr(0, location.target.find('?'));
  if (path != route.path_of(key)) return std::nullopt;
  return route;
}

std::optional<Route> Route::redirected(std::string_view host) const {
  const char* scheme = endpoint_.scheme == http::Scheme::https ? "https://" : "http://";
  auto location = http::parse_url(scheme + std::string(host));
  if (!location || location->target != "/") return std::nullopt;
  location->target = location->endpoint.host.starts_with(bucket_ + ".") ? "/" : "/" + bucket_;
  return redirected(*location, nullptr);
}

}  // namespace godwit::s3
