#include "support/relay.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <deque>
#include <string>
#include <system_error>
#include <unordered_map>
#include <utility>

namespace godwit::testkit {
namespace {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

/// A turn of one connection on the link.
constexpr std::size_t kChunk = 16 << 10;
/// How far ahead of now the link is filled: it must outlast a late wake-up.
constexpr auto kLinkAhead = std::chrono::milliseconds(10);
constexpr int kMostEvents = 256;
constexpr std::uint64_t kListenerTag = 0;
constexpr std::uint64_t kWakeTag = 1;

enum Side : std::size_t { kClient = 0, kServer = 1 };

/// Bytes on their way from one socket of a connection to the other.
struct Flow {
  bool open = false;      // the handshake is over
  bool readable = false;  // epoll said so, and no read has said otherwise
  bool queued = false;    // waits for its turn on the link
  bool ended = false;     // the source will send no more
  bool finished = false;  // and the target has been told
  std::uint64_t unacknowledged = 0;
  std::deque<std::string> arrived;  // an empty string is the end
  std::size_t offset = 0;           // of arrived.front(), already written
};

/// flows[s] reads from fds[s] and writes to the other.
struct Connection {
  std::array<int, 2> fds{-1, -1};
  bool broken = false;  // an end was reset, and the other will be after what is under way to it
  bool dead = false;    // that has arrived
  std::array<Flow, 2> flows;
};

struct Shipment {
  Time due;
  std::uint64_t id;
  std::string bytes;  // empty: the end of the stream
};

struct Acknowledgement {
  Time due;
  std::uint64_t id;
  std::uint64_t bytes;
};

struct Opening {
  Time due;
  std::uint64_t id;
};

/// One direction of the link. Delays are constant, so each queue is in the order of its times.
struct Direction {
  Time free_at{};
  std::deque<std::uint64_t> turns;
  std::deque<Shipment> shipments;
  std::deque<Acknowledgement> acknowledgements;
};

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

sockaddr_in ipv4(std::uint32_t address, std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = htonl(address);
  out.sin_port = htons(port);
  return out;
}

void send_at_once(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void close_with_reset(int fd) {
  const linger reset{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  ::close(fd);
}

}  // namespace

class Relay::Loop {
 public:
  explicit Loop(const RelayOptions& options)
      : options_(options),
        poll_(::epoll_create1(EPOLL_CLOEXEC)),
        wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
        listener_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    if (poll_ < 0 || wake_ < 0 || listener_ < 0) fail("relay: socket");
    sockaddr_in own = ipv4(INADDR_LOOPBACK, options.listen_port);
    socklen_t size = sizeof own;
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&own), size) != 0) fail("relay: bind");
    if (::listen(listener_, SOMAXCONN) != 0) fail("relay: listen");
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&own), &size);
    port_ = ntohs(own.sin_port);
    watch(listener_, EPOLLIN, kListenerTag);
    watch(wake_, EPOLLIN, kWakeTag);
  }

  ~Loop() {
    reset_all();
    for (const int fd : {listener_, wake_, poll_}) ::close(fd);
  }

  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void run() {
    std::array<epoll_event, kMostEvents> events{};
    while (!stop) {
      const int count = ::epoll_wait(poll_, events.data(), kMostEvents, wait_ms());
      if (cut.exchange(false)) reset_all();
      for (int i = 0; i < count; ++i) note(events[static_cast<std::size_t>(i)]);
      if (!partitioned) move_all(Clock::now());
    }
    reset_all();
  }

  void wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof one);
  }

  std::uint16_t port() const { return port_; }

  std::atomic<bool> stop{false};
  std::atomic<bool> cut{false};
  std::atomic<bool> partitioned{false};
  std::atomic<std::uint64_t> delivered{0};

 private:
  void watch(int fd, std::uint32_t what, std::uint64_t tag) const {
    epoll_event event{};
    event.events = what;
    event.data.u64 = tag;
    if (::epoll_ctl(poll_, EPOLL_CTL_ADD, fd, &event) != 0) fail("relay: epoll_ctl");
  }

  Time::duration half() const { return options_.rtt / 2; }

  /// Until the next thing that time alone brings; -1 when there is none.
  int wait_ms() const {
    if (partitioned) return -1;
    Time next = Time::max();
    if (!openings_.empty()) next = openings_.front().due;
    for (const Direction& way : ways_) {
      if (!way.turns.empty()) next = std::min(next, way.free_at - kLinkAhead / 2);
      if (!way.shipments.empty()) next = std::min(next, way.shipments.front().due);
      if (!way.acknowledgements.empty()) next = std::min(next, way.acknowledgements.front().due);
    }
    if (next == Time::max()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now());
    return static_cast<int>(std::max<std::int64_t>(0, left.count()));
  }

  void note(const epoll_event& event) {
    const std::uint64_t tag = event.data.u64;
    if (tag == kListenerTag) return accept_all();
    if (tag == kWakeTag) {
      std::uint64_t value = 0;
      [[maybe_unused]] const ssize_t count = ::read(wake_, &value, sizeof value);
      return;
    }
    const auto found = connections_.find(tag >> 1);
    if (found == connections_.end()) return;
    const Side side = static_cast<Side>(tag & 1);
    if (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP)) {
      found->second.flows[side].readable = true;
      take_turn(found->first, side);
    }
    if (event.events & EPOLLOUT) writable_.push_back(tag);
  }

  void accept_all() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const int target = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      if (target < 0) return close_with_reset(fd);
      sockaddr_in to = ipv4(options_.to_address, options_.to_port);
      // Its result comes by epoll.
      (void)::connect(target, reinterpret_cast<sockaddr*>(&to), sizeof to);
      const std::uint64_t id = ++last_id_;
      connections_[id].fds = {fd, target};
      for (const Side side : {kClient, kServer}) {
        send_at_once(connections_[id].fds[side]);
        watch(connections_[id].fds[side], EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
              id << 1 | side);
      }
      openings_.push_back({Clock::now() + options_.rtt, id});
    }
  }

  void take_turn(std::uint64_t id, Side side) {
    Flow& flow = connections_.at(id).flows[side];
    if (flow.queued || flow.ended || !flow.open || !flow.readable) return;
    if (flow.unacknowledged >= options_.window_bytes) return;
    flow.queued = true;
    ways_[side].turns.push_back(id);
  }

  void move_all(Time now) {
    for (; !openings_.empty() && openings_.front().due <= now; openings_.pop_front()) {
      open(openings_.front().id);
    }
    for (const std::uint64_t tag : std::exchange(writable_, {})) {
      // What can be written on this side came from the other.
      deliver(tag >> 1, tag & 1 ? kClient : kServer, now);
    }
    for (const Side side : {kClient, kServer}) {
      acknowledge(side, now);
      fill_link(side, now);
      arrive(side, now);
    }
  }

  void open(std::uint64_t id) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    for (const Side side : {kClient, kServer}) {
      found->second.flows[side].open = true;
      take_turn(id, side);
    }
  }

  void acknowledge(Side side, Time now) {
    auto& queue = ways_[side].acknowledgements;
    for (; !queue.empty() && queue.front().due <= now; queue.pop_front()) {
      const auto found = connections_.find(queue.front().id);
      if (found == connections_.end()) continue;
      found->second.flows[side].unacknowledged -= queue.front().bytes;
      take_turn(queue.front().id, side);
    }
  }

  /// Reads one chunk of each connection in turn, while the link has room.
  void fill_link(Side side, Time now) {
    Direction& way = ways_[side];
    way.free_at = std::max(way.free_at, now);
    while (!way.turns.empty() && way.free_at <= now + kLinkAhead) {
      const std::uint64_t id = way.turns.front();
      way.turns.pop_front();
      const auto found = connections_.find(id);
      if (found == connections_.end()) continue;
      found->second.flows[side].queued = false;
      read_chunk(id, side);
    }
  }

  void read_chunk(std::uint64_t id, Side side) {
    Connection& connection = connections_.at(id);
    Flow& flow = connection.flows[side];
    std::array<char, kChunk> buffer{};
    const std::size_t most =
        std::min<std::uint64_t>(kChunk, options_.window_bytes - flow.unacknowledged);
    const ssize_t count = ::read(connection.fds[side], buffer.data(), most);
    if (count < 0 && (errno == EAGAIN || errno == ENOTCONN)) {
      flow.readable = false;
      return;
    }
    if (count < 0) connection.broken = true;
    const auto bytes = static_cast<std::size_t>(std::max<ssize_t>(0, count));
    Direction& way = ways_[side];
    way.free_at += time_on_link(bytes);
    way.shipments.push_back({way.free_at + half(), id, std::string(buffer.data(), bytes)});
    flow.unacknowledged += bytes;
    flow.ended = bytes == 0;
    take_turn(id, side);
  }

  Time::duration time_on_link(std::size_t bytes) const {
    if (options_.bits_per_second == 0) return {};
    const double seconds =
        static_cast<double>(bytes) * 8 / static_cast<double>(options_.bits_per_second);
    return std::chrono::duration_cast<Time::duration>(std::chrono::duration<double>(seconds));
  }

  void arrive(Side side, Time now) {
    auto& queue = ways_[side].shipments;
    while (!queue.empty() && queue.front().due <= now) {
      Shipment shipment = std::move(queue.front());
      queue.pop_front();
      const auto found = connections_.find(shipment.id);
      if (found == connections_.end()) continue;
      found->second.flows[side].arrived.push_back(std::move(shipment.bytes));
      deliver(shipment.id, side, now);
    }
  }

  void deliver(std::uint64_t id, Side side, Time now) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    Connection& connection = found->second;
    Flow& flow = connection.flows[side];
    const std::uint64_t written = write_arrived(connection, side);
    if (written > 0) ways_[side].acknowledgements.push_back({now + half(), id, written});
    delivered += written;
    const bool both_finished = flow.finished && connection.flows[1 - side].finished;
    if (connection.dead || both_finished) close_both(id);
  }

  /// What the target does not take now waits for EPOLLOUT; what it will never take is dropped.
  static std::uint64_t write_arrived(Connection& connection, Side side) {
    Flow& flow = connection.flows[side];
    const int target = connection.fds[1 - side];
    std::uint64_t written = 0;
    while (!flow.arrived.empty() && !flow.finished) {
      const std::string& bytes = flow.arrived.front();
      if (bytes.empty()) {
        flow.finished = true;
        connection.dead = connection.broken;
        if (!connection.dead) ::shutdown(target, SHUT_WR);
        break;
      }
      const std::size_t left = bytes.size() - flow.offset;
      const ssize_t count = ::send(target, bytes.data() + flow.offset, left, MSG_NOSIGNAL);
      if (count < 0 && errno == EAGAIN) return written;
      if (count < 0) {
        connection.broken = true;
        flow.finished = flow.ended = true;
        break;
      }
      written += static_cast<std::uint64_t>(count);
      flow.offset += static_cast<std::size_t>(count);
      if (static_cast<std::size_t>(count) < left) return written;
      flow.arrived.pop_front();
      flow.offset = 0;
    }
    if (flow.finished) flow.arrived.clear();
    return written;
  }

  void close_both(std::uint64_t id) {
    const Connection& connection = connections_.at(id);
    for (const int fd : connection.fds) {
      connection.broken ? close_with_reset(fd) : static_cast<void>(::close(fd));
    }
    connections_.erase(id);
  }

  void reset_all() {
    for (const auto& [id, connection] : connections_) {
      for (const int fd : connection.fds) close_with_reset(fd);
    }
    connections_.clear();
  }

  const RelayOptions options_;
  int poll_ = -1;
  int wake_ = -1;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::uint64_t last_id_ = 0;  // so the tags of connections begin at 2
  std::unordered_map<std::uint64_t, Connection> connections_;
  std::deque<Opening> openings_;
  std::array<Direction, 2> ways_;
  std::deque<std::uint64_t> writable_;
};

Relay::Relay(const RelayOptions& options) : loop_(std::make_unique<Loop>(options)) {}
Relay::~Relay() = default;

std::uint16_t Relay::port() const { return loop_->port(); }

void Relay::run() { loop_->run(); }

void Relay::stop() {
  loop_->stop = true;
  loop_->wake();
}

void Relay::cut_all() {
  loop_->cut = true;
  loop_->wake();
}

void Relay::partition() {
  loop_->partitioned = true;
  loop_->wake();
}

void Relay::heal() {
  loop_->partitioned = false;
  loop_->wake();
}

std::uint64_t Relay::delivered_bytes() const { return loop_->delivered; }

}  // namespace godwit::testkit
