// A small, fast S3 server for benchmarks: so that what is measured is the client.
//
// fast_s3 [PORT]: one thread, epoll, objects in memory, no signatures checked. It knows GET, HEAD
// and PUT of objects and ListObjectsV2. A bucket called "synthetic-COUNT" lists COUNT keys that
// exist only while they are printed. Prints its port; ends with its standard input.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/checksum.h"
#include "http/url.h"

namespace {

using godwit::http::uri_decode;

constexpr std::size_t kPage = 1000;
constexpr const char* kDate = "Sat, 21 Nov 2026 00:00:00 GMT";
constexpr const char* kStamp = "2026-11-21T00:00:00.000Z";

struct Object {
  std::string bytes;
  std::string etag;
};
using Bucket = std::map<std::string, Object>;

struct Request {
  std::string_view method;
  std::string bucket;
  std::string key;
  std::string_view query;
  std::string_view body;
};

std::string parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view item = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), item.size() + 1));
    const std::size_t equals = item.find('=');
    if (item.substr(0, equals) == name && equals != std::string_view::npos) {
      return uri_decode(item.substr(equals + 1)).value_or("");
    }
  }
  return {};
}

void head(std::string& out, const char* status, std::size_t length, const std::string& etag) {
  out.append("HTTP/1.1 ").append(status).append("\r\nContent-Length: ");
  out.append(std::to_string(length)).append("\r\nLast-Modified: ").append(kDate);
  if (!etag.empty()) out.append("\r\nETag: \"").append(etag).append("\"");
  out.append("\r\n\r\n");
}

void add_row(std::string& xml, std::string_view key, std::size_t size, std::string_view etag) {
  xml.append("<Contents><Key>").append(key).append("</Key><LastModified>").append(kStamp);
  xml.append("</LastModified><ETag>&quot;").append(etag).append("&quot;</ETag><Size>");
  xml.append(std::to_string(size))
      .append("</Size><StorageClass>STANDARD</StorageClass></Contents>");
}

class Server {
 public:
  void answer(const Request& request, std::string& out) {
    if (request.key.empty() && request.method == "GET") {
      list(request, out);
    } else if (request.key.empty()) {
      head(out, "200 OK", 0, "");
    } else if (request.method == "PUT") {
      Object& object = buckets_[request.bucket][request.key];
      object.bytes = request.body;
      object.etag = godwit::to_hex(godwit::md5(godwit::as_bytes(object.bytes)));
      head(out, "200 OK", 0, object.etag);
    } else {
      get(request, out);
    }
  }

 private:
  void get(const Request& request, std::string& out) {
    const Bucket& bucket = buckets_[request.bucket];
    const auto found = bucket.find(request.key);
    if (found == bucket.end()) {
      head(out, "404 Not Found", 0, "");
      return;
    }
    head(out, "200 OK", found->second.bytes.size(), found->second.etag);
    if (request.method == "GET") out += found->second.bytes;
  }

  void list(const Request& request, std::string& out) {
    std::string after = parameter(request.query, "continuation-token");
    if (after.empty()) after = parameter(request.query, "start-after");
    const std::string most = parameter(request.query, "max-keys");
    const std::size_t count = most.empty() ? kPage : std::strtoul(most.c_str(), nullptr, 10);
    std::string rows;
    rows.reserve(count * 260);
    const std::string last = request.bucket.starts_with("synthetic-")
                                 ? list_synthetic(request.bucket, after, count, rows)
                                 : list_stored(request, after, count, rows);
    std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult>";
    if (request.query.find("encoding-type=url") != std::string_view::npos) {
      xml += "<EncodingType>url</EncodingType>";
    }
    xml.append("<IsTruncated>").append(last.empty() ? "false" : "true").append("</IsTruncated>");
    if (!last.empty()) {
      xml.append("<NextContinuationToken>").append(last).append("</NextContinuationToken>");
    }
    xml.append(rows).append("</ListBucketResult>");
    head(out, "200 OK", xml.size(), "");
    out += xml;
  }

  /// Keys are "k" and twelve digits: flat, for clients that think in directories. Yields the last
  /// key when there are more.
  static std::string list_synthetic(const std::string& bucket, const std::string& after,
                                    std::size_t count, std::string& rows) {
    const auto total = std::strtoull(bucket.c_str() + 10, nullptr, 10);
    unsigned long long next = first_after(after, total);
    std::array<char, 40> key{};
    std::array<char, 40> etag{};
    for (; next < total && count > 0; ++next, --count) {
      std::snprintf(key.data(), key.size(), "k%012llu", next);
      std::snprintf(etag.data(), etag.size(), "%032llx", next);
      add_row(rows, key.data(), 1024, etag.data());
    }
    return next < total ? key.data() : "";
  }

  static unsigned long long first_after(const std::string& after, unsigned long long total) {
    if (after < "k") return 0;
    unsigned long long low = 0;
    for (unsigned long long high = total; low < high;) {
      const unsigned long long middle = (low + high) / 2;
      std::array<char, 40> key{};
      std::snprintf(key.data(), key.size(), "k%012llu", middle);
      (key.data() > after ? high : low) = key.data() > after ? middle : middle + 1;
    }
    return low;
  }

  std::string list_stored(const Request& request, const std::string& after, std::size_t count,
                          std::string& rows) {
    const Bucket& bucket = buckets_[request.bucket];
    std::string last;
    auto at = bucket.upper_bound(after);
    for (; at != bucket.end() && count > 0; ++at, --count) {
      add_row(rows, at->first, at->second.bytes.size(), at->second.etag);
      last = at->first;
    }
    return at == bucket.end() ? "" : last;
  }

  std::unordered_map<std::string, Bucket> buckets_;
};

/// One client: bytes that came, bytes that are to go.
struct Peer {
  int fd = -1;
  std::string in;
  std::string out;
  std::size_t sent = 0;
};

std::size_t content_length(std::string_view head_text) {
  for (const char* name : {"Content-Length: ", "content-length: "}) {
    const std::size_t at = head_text.find(name);
    if (at != std::string_view::npos) return std::strtoul(head_text.data() + at + 16, nullptr, 10);
  }
  return 0;
}

Request parse(std::string_view head_text) {
  Request request;
  const std::size_t space = head_text.find(' ');
  request.method = head_text.substr(0, space);
  std::string_view target = head_text.substr(space + 1);
  target = target.substr(0, target.find(' '));
  const std::size_t question = target.find('?');
  if (question != std::string_view::npos) request.query = target.substr(question + 1);
  target = target.substr(1, question - 1);
  const std::size_t slash = std::min(target.find('/'), target.size());
  request.bucket = target.substr(0, slash);
  request.key =
      uri_decode(target.substr(std::min(slash + 1, target.size()))).value_or(std::string());
  return request;
}

/// Answers every whole request that has come in.
void serve(Server& server, Peer& peer) {
  std::size_t done = 0;
  for (;;) {
    const std::string_view rest = std::string_view(peer.in).substr(done);
    const std::size_t end = rest.find("\r\n\r\n");
    if (end == std::string_view::npos) break;
    const std::size_t length = content_length(rest.substr(0, end + 2));
    if (rest.size() < end + 4 + length) break;
    Request request = parse(rest.substr(0, end));
    request.body = rest.substr(end + 4, length);
    server.answer(request, peer.out);
    done += end + 4 + length;
  }
  peer.in.erase(0, done);
}

/// False when the peer has gone.
bool pump(Server& server, Peer& peer) {
  std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t count = ::read(peer.fd, buffer.data(), buffer.size());
    if (count == 0) return false;
    if (count < 0) break;
    peer.in.append(buffer.data(), static_cast<std::size_t>(count));
    if (static_cast<std::size_t>(count) < buffer.size()) break;
  }
  serve(server, peer);
  while (peer.sent < peer.out.size()) {
    const ssize_t count =
        ::send(peer.fd, peer.out.data() + peer.sent, peer.out.size() - peer.sent, MSG_NOSIGNAL);
    if (count < 0) return errno == EAGAIN;
    peer.sent += static_cast<std::size_t>(count);
  }
  peer.out.clear();
  peer.sent = 0;
  return true;
}

int listen_on(std::uint16_t port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  socklen_t size = sizeof address;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0) return -1;
  ::listen(listener, 1024);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  std::printf("%u\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return listener;
}

void accept_all(int listener, int poll, std::unordered_map<int, Peer>& peers) {
  for (;;) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
    if (fd < 0) return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    peers[fd].fd = fd;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.fd = fd;
    ::epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
  }
}

void watch(int poll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  ::epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
}

}  // namespace

int main(int argc, char** argv) {
  const long port = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 0;
  const int listener = listen_on(static_cast<std::uint16_t>(port));
  if (listener < 0) return 1;
  const int poll = ::epoll_create1(0);
  watch(poll, listener);
  watch(poll, STDIN_FILENO);
  Server server;
  std::unordered_map<int, Peer> peers;
  std::array<epoll_event, 256> events{};
  for (;;) {
    const int count = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == STDIN_FILENO) return 0;
      if (fd == listener) {
        accept_all(listener, poll, peers);
      } else if (!pump(server, peers[fd])) {
        peers.erase(fd);
        ::close(fd);
      }
    }
  }
}
