// relay --to IPV4:PORT [--listen PORT] [--rtt-ms N] [--rate-mbit N] [--window-kib N]: a WAN on
// loopback. Prints its port; ends with its standard input.
#include <arpa/inet.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <thread>

#include "support/relay.h"

namespace {

using godwit::testkit::Relay;
using godwit::testkit::RelayOptions;

constexpr const char* kUsage =
    "relay --to IPV4:PORT [--listen PORT] [--rtt-ms N] [--rate-mbit N] [--window-kib N]\n";

bool set_target(const std::string& value, RelayOptions& options) {
  const std::size_t colon = value.find(':');
  in_addr address{};
  if (colon == std::string::npos) return false;
  if (::inet_pton(AF_INET, value.substr(0, colon).c_str(), &address) != 1) return false;
  options.to_address = ntohl(address.s_addr);
  options.to_port = static_cast<std::uint16_t>(std::stoul(value.substr(colon + 1)));
  return options.to_port != 0;
}

bool set(std::string_view name, const std::string& value, RelayOptions& options) {
  if (name == "--to") return set_target(value, options);
  const unsigned long number = std::stoul(value);
  if (name == "--listen") {
    options.listen_port = static_cast<std::uint16_t>(number);
  } else if (name == "--rtt-ms") {
    options.rtt = std::chrono::milliseconds(number);
  } else if (name == "--rate-mbit") {
    options.bits_per_second = number * 1'000'000;
  } else if (name == "--window-kib") {
    options.window_bytes = number << 10;
  } else {
    return false;
  }
  return true;
}

bool parse(int argc, char** argv, RelayOptions& options) {
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc || !set(argv[i], argv[i + 1], options)) return false;
  }
  return options.to_port != 0 && options.window_bytes != 0;
}

void wait_for_end_of_input() {
  std::array<char, 256> ignored{};
  while (::read(STDIN_FILENO, ignored.data(), ignored.size()) > 0) {
  }
}

}  // namespace

int main(int argc, char** argv) try {
  RelayOptions options;
  if (!parse(argc, argv, options)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  Relay relay(options);
  std::printf("%u\n", relay.port());
  std::fflush(stdout);
  std::thread loop([&relay] { relay.run(); });
  wait_for_end_of_input();
  relay.stop();
  loop.join();
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "relay: %s\n%s", error.what(), kUsage);
  return 2;
}
