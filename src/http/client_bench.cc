// CPU of the client alone, per small request and per relayed GiB, against a loopback server on
// another thread. `client_bench [REQUESTS [MIB]]`; prints one line per case.
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>

#include "http/client.h"
#include "http/sigv4.h"
#include "support/http_peer.h"
#include "world/real/real_world.h"
#include "world/signal.h"

namespace godwit::http {
namespace {

constexpr std::size_t kSmall = 4 * kKiB;
constexpr std::size_t kAtOnce = 16;
constexpr std::size_t kPiece = 256 * kKiB;

/// GET /N answers N bytes; PUT takes what comes.
void serve(test::Peer& peer, int) {
  const std::string zeros(kPiece, '0');
  for (;;) {
    const std::string head = peer.read_head();
    if (head.empty()) return;
    const std::size_t length = head.find("Content-Length: ");
    if (length != std::string::npos) {
      for (std::size_t left = std::stoul(head.substr(length + 16)); left > 0;) {
        const std::size_t part = std::min(left, kPiece);
        peer.read_exactly(part);
        left -= part;
      }
      peer.write("HTTP/1.1 200 OK\r\nETag: \"0123456789abcdef\"\r\nContent-Length: 0\r\n\r\n");
      continue;
    }
    std::size_t left = std::stoul(head.substr(head.find('/') + 1));
    std::string answer = "HTTP/1.1 200 OK\r\nETag: \"0123456789abcdef\"\r\nDate: today\r\n";
    answer += "x-amz-request-id: tx0001\r\nContent-Length: " + std::to_string(left) + "\r\n\r\n";
    if (left <= kSmall) answer += zeros.substr(0, left);
    peer.write(answer);
    for (left = left <= kSmall ? 0 : left; left > 0; left -= std::min(left, kPiece)) {
      peer.write(std::string_view(zeros).substr(0, std::min(left, kPiece)));
    }
  }
}

struct Setting {
  World& world;
  Client& client;
  Signer& signer;
  Endpoint endpoint;
};

Request signed_request(Setting& at, const char* method, std::size_t size) {
  Request request;
  request.method = method;
  request.endpoint = at.endpoint;
  request.target = "/" + std::to_string(size);
  const WallTime time = at.world.wall_now();
  request.headers.add("x-amz-date", amz_date(time));
  request.headers.add("x-amz-content-sha256", std::string(kUnsignedPayload));
  const std::string authority = at.endpoint.authority();
  std::vector<std::pair<std::string_view, std::string_view>> headers = {{"host", authority}};
  for (const auto& [name, value] : request.headers.fields()) headers.emplace_back(name, value);
  const SigningInput input{.method = method,
                           .path = request.target,
                           .query = "",
                           .headers = headers,
                           .payload_hash = kUnsignedPayload,
                           .time = time};
  const Credentials keys{"access", "secret", ""};
  request.headers.add("Authorization", at.signer.authorization(keys, input));
  return request;
}

void must(bool good) {
  if (!good) std::abort();
}

asio::awaitable<void> get_many(Setting& at, std::size_t times) {
  std::array<std::byte, kSmall> into{};
  const Context context(at.world);
  for (std::size_t i = 0; i < times; ++i) {
    Request request = signed_request(at, "GET", kSmall);
    Result<Response> response = co_await at.client.send(context, request);
    must(response.has_value());
    const Result<std::size_t> count = co_await read_full(*response->body, into);
    must(count == kSmall);
  }
}

asio::awaitable<void> put_many(Setting& at, std::size_t times) {
  const std::string bytes(kSmall, 'x');
  const Context context(at.world);
  for (std::size_t i = 0; i < times; ++i) {
    Request request = signed_request(at, "PUT", kSmall);
    ViewBody body(as_bytes(bytes));
    request.body = &body;
    request.body_size = kSmall;
    Result<Response> response = co_await at.client.send(context, request);
    must(response && response->status == 200);
  }
}

asio::awaitable<void> relay(Setting& at, std::size_t mebibytes) {
  const Context context(at.world);
  const std::size_t size = mebibytes * kMiB;
  Request get = signed_request(at, "GET", size);
  Result<Response> response = co_await at.client.send(context, get);
  must(response.has_value());
  Request put = signed_request(at, "PUT", size);
  put.body = response->body.get();
  put.body_size = size;
  Result<Response> answer = co_await at.client.send(context, put);
  must(answer && answer->status == 200);
}

/// Of this thread, user and system, in seconds.
std::pair<double, double> cpu() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return {seconds(usage.ru_utime), seconds(usage.ru_stime)};
}

asio::awaitable<void> side_by_side(Setting& at,
                                   asio::awaitable<void> (*work)(Setting&, std::size_t),
                                   std::size_t times) {
  TaskGroup group(at.world.executor());
  for (std::size_t i = 0; i < kAtOnce; ++i) group.spawn(work(at, times / kAtOnce));
  co_await group.join();
}

asio::awaitable<void> run_all(Setting& at, std::size_t requests, std::size_t mebibytes) {
  const auto measure = [](const char* name, double count, std::pair<double, double> from) {
    const auto to = cpu();
    std::printf("%-10s user %8.2f  system %8.2f  µs each\n", name,
                (to.first - from.first) / count * 1e6, (to.second - from.second) / count * 1e6);
  };
  co_await side_by_side(at, get_many, kAtOnce * 10);
  auto from = cpu();
  for (std::size_t i = 0; i < requests; ++i) must(!signed_request(at, "GET", i).target.empty());
  measure("sign", static_cast<double>(requests), from);
  from = cpu();
  co_await side_by_side(at, get_many, requests);
  measure("get 4 KiB", static_cast<double>(requests), from);
  from = cpu();
  co_await side_by_side(at, put_many, requests);
  measure("put 4 KiB", static_cast<double>(requests), from);
  from = cpu();
  co_await relay(at, mebibytes);
  measure("relay GiB", static_cast<double>(mebibytes) / 1024, from);
  (void)co_await at.client.close();
}

}  // namespace
}  // namespace godwit::http

int main(int count, char** arguments) {
  using namespace godwit::http;
  const std::size_t requests = count > 1 ? std::strtoul(arguments[1], nullptr, 10) : 20'000;
  const std::size_t mebibytes = count > 2 ? std::strtoul(arguments[2], nullptr, 10) : 1024;
  godwit::test::PeerServer server(serve);
  godwit::RealWorld world;
  const auto client = make_client(world);
  Signer signer("us-east-1", "s3");
  Setting setting{world, *client, signer, {Scheme::http, "127.0.0.1", server.port()}};
  world.run(run_all(setting, requests, mebibytes));
  return 0;
}
