#include "http/proxy.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include "base/checksum.h"
#include "http/url.h"

namespace godwit::http {
namespace {

std::optional<std::string> first_set(World& world, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto value = world.environment(name);
    if (value && !value->empty()) return value;
  }
  return std::nullopt;
}

bool in_network(std::string_view range, const std::string& host) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(host, error);
  if (error) return false;
  const std::string text(range);
  if (address.is_v4()) {
    const auto network = asio::ip::make_network_v4(text, error);
    if (error) return false;
    const auto hosts = asio::ip::make_network_v4(address.to_v4(), network.prefix_length());
    return hosts.canonical() == network.canonical();
  }
  const auto network = asio::ip::make_network_v6(text, error);
  if (error) return false;
  const asio::ip::network_v6 hosts(address.to_v6(), network.prefix_length());
  return hosts.canonical() == network.canonical();
}

bool entry_matches(std::string_view entry, const Endpoint& endpoint) {
  if (entry == "*") return true;
  if (entry.find('/') != std::string_view::npos) return in_network(entry, endpoint.host);
  const std::size_t colon = entry.rfind(':');
  if (colon != std::string_view::npos && entry.find(':') == colon) {
    if (entry.substr(colon + 1) != std::to_string(endpoint.port)) return false;
    entry = entry.substr(0, colon);
  }
  if (entry.starts_with("*.")) entry.remove_prefix(1);
  const std::string_view bare = entry.starts_with('.') ? entry.substr(1) : entry;
  if (endpoint.host == bare) return true;
  return endpoint.host.ends_with("." + std::string(bare));
}

}  // namespace

bool bypasses_proxy(std::string_view no_proxy, const Endpoint& endpoint) {
  while (!no_proxy.empty()) {
    std::string_view entry = no_proxy.substr(0, no_proxy.find(','));
    no_proxy.remove_prefix(std::min(no_proxy.size(), entry.size() + 1));
    while (entry.starts_with(' ')) entry.remove_prefix(1);
    while (entry.ends_with(' ')) entry.remove_suffix(1);
    if (!entry.empty() && entry_matches(entry, endpoint)) return true;
  }
  return false;
}

Result<std::optional<Proxy>> proxy_for(World& world, const Endpoint& endpoint) {
  const auto named = endpoint.scheme == Scheme::https
                         ? first_set(world, {"https_proxy", "HTTPS_PROXY"})
                         : first_set(world, {"http_proxy", "HTTP_PROXY"});
  if (!named) return std::nullopt;
  const auto no_proxy = first_set(world, {"no_proxy", "NO_PROXY"});
  if (no_proxy && bypasses_proxy(*no_proxy, endpoint)) return std::nullopt;
  std::string text = *named;
  if (text.find("://") == std::string::npos) text.insert(0, "http://");
  Proxy proxy;
  const std::size_t start = text.find("://") + 3;
  const std::size_t at = text.find('@', start);
  if (at != std::string::npos) {
    GODWIT_TRY(const std::string credentials, uri_decode(text.substr(start, at - start)));
    proxy.authorization = "Basic " + to_base64(as_bytes(credentials));
    text.erase(start, at + 1 - start);
  }
  auto url = parse_url(text);
  if (!url || url->endpoint.scheme != Scheme::http) {
    return fail(Error(Code::invalid_argument, "the proxy that the environment names is no http URL")
                    .with_hint("set HTTP_PROXY or HTTPS_PROXY to http://HOST:PORT"));
  }
  proxy.endpoint = url->endpoint;
  return proxy;
}

}  // namespace godwit::http
