#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

namespace godwit::testkit {

/// What the network between two hosts is like. 0 means: no limit, no delay.
struct RelayOptions {
  std::uint16_t listen_port = 0;  ///< On 127.0.0.1; 0 takes a free one.
  std::uint32_t to_address = 0;   ///< IPv4, host byte order.
  std::uint16_t to_port = 0;
  std::chrono::microseconds rtt{0};      ///< Half of it is spent in each direction.
  std::uint64_t bits_per_second = 0;     ///< Of each direction, shared by all connections.
  std::uint64_t window_bytes = 4 << 20;  ///< Most that a connection has unacknowledged, each way.
};

/// A TCP relay that stands for a WAN: delay, bandwidth and windows, in place of netem.
///
/// Bytes arrive rtt / 2 after they left the link, which sends one byte after the other and takes
/// turns between connections. A connection moves at most `window_bytes` in each rtt. The first
/// bytes of a new connection leave one rtt after it was accepted, as if it had shaken hands.
/// Payload is counted, headers of packets are not; there is no slow start and no loss.
/// Delays are exact to about 1 ms, never shorter than asked.
///
/// Bounds: each connection holds at most 2 x `window_bytes`; sources that wait are not read.
/// Failure: the constructor throws std::system_error when it cannot listen. A target that refuses
/// costs its client a reset one rtt after the connect.
/// Concurrency: run() occupies one thread; all other calls come from any thread.
class Relay {
 public:
  explicit Relay(const RelayOptions& options);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  std::uint16_t port() const;

  /// Relays until stop(), then resets what is open.
  void run();
  void stop();

  /// Resets every open connection at both ends.
  void cut_all();
  /// Nothing moves and nothing is closed until heal(), after which all that was sent arrives.
  void partition();
  void heal();

  /// Payload that was delivered, both directions together.
  std::uint64_t delivered_bytes() const;

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace godwit::testkit
