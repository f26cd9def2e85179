// TLS and proxies, against servers whose certificates are made here.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>

#include "http/client.h"
#include "support/http_fetch.h"
#include "support/http_peer.h"
#include "support/test_certificates.h"
#include "world/real/real_world.h"

namespace godwit::http {
namespace {

using namespace std::chrono_literals;
using test::Answer;
using test::CertificateOptions;
using test::fetch;
using test::Identity;
using test::make_identity;
using test::Peer;
using test::PeerServer;

const std::string kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

void greet(Peer& peer, int) {
  while (!peer.read_head().empty()) peer.write(kHello);
}

class TlsTest : public testing::Test {
 protected:
  TlsTest() {
    std::filesystem::create_directories(directory);
    test::write_pem(directory + "/ca.pem", authority);
    options.tls.ca_file = directory + "/ca.pem";
  }
  ~TlsTest() override {
    std::filesystem::remove_all(directory);
    for (const char* name : {"http_proxy", "https_proxy", "no_proxy"}) ::unsetenv(name);
  }
  static Request request_to(std::uint16_t port, Scheme scheme = Scheme::https) {
    Request request;
    request.method = "GET";
    request.endpoint = {scheme, "127.0.0.1", port};
    request.target = "/x";
    return request;
  }
  asio::awaitable<void> fetch_all(Client& client, Request& request, int times) {
    for (int i = 0; i < times; ++i) results.push_back(co_await fetch(client, context, request));
    (void)co_await client.close();
  }
  void send(Request request, int times = 1) {
    results.clear();
    const auto client = make_client(world, options);
    world.run(fetch_all(*client, request, times));
  }
  /// The message and hint of the failure; "" if there was none.
  [[nodiscard]] std::string failure() const {
    return results[0] ? std::string() : results[0].error().to_string();
  }
  [[nodiscard]] Identity identity(const CertificateOptions& how) const {
    return make_identity(&authority, how);
  }

  std::string directory = testing::TempDir() + "godwit-tls-" + std::to_string(::getpid());
  Identity authority = test::make_authority();
  Identity own = make_identity(&authority, {});
  test::TlsPtr tls = test::server_tls(own);
  RealWorld world;
  Context context{world};
  ClientOptions options;
  std::vector<Result<Answer>> results;
};

TEST_F(TlsTest, trusts_the_named_authority_for_names_and_addresses) {
  PeerServer server(greet, tls.get());
  for (const char* host : {"127.0.0.1", "localhost"}) {
    Request request = request_to(server.port());
    request.endpoint.host = host;
    send(request, 3);
    for (const auto& result : results) EXPECT_EQ(result.value().body, "hello") << host;
  }
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(TlsTest, says_which_check_of_a_certificate_failed_and_does_not_try_again) {
  struct Case {
    CertificateOptions certificate;
    bool known_authority = true;
    const char* says = "";
  };
  const Identity stranger = test::make_authority();
  for (const Case& one : {Case{{.alternative_names = "DNS:other.example"}, true, "mismatch"},
                          Case{{.valid_from = -7200, .valid_until = -3600}, true, "expired"},
                          Case{{.valid_from = 3600, .valid_until = 7200}, true, "not yet valid"},
                          Case{{}, false, "--ca-file"}}) {
    const Identity bad =
        make_identity(one.known_authority ? &authority : &stranger, one.certificate);
    const test::TlsPtr bad_tls = test::server_tls(bad);
    PeerServer server(greet, bad_tls.get());
    send(request_to(server.port()));
    EXPECT_NE(failure().find(one.says), std::string::npos) << failure();
    EXPECT_EQ(results[0].error().code(), Code::unavailable);
    EXPECT_EQ(results[0].error().retry(), Retry::never);
    EXPECT_EQ(results[0].error().outcome(), Outcome::not_applied);
    Request by_name = request_to(server.port());
    by_name.endpoint.host = "localhost";
    send(by_name);
    EXPECT_NE(failure().find(one.says), std::string::npos) << failure();
  }
}

TEST_F(TlsTest, does_without_proof_only_when_told_to) {
  const Identity stranger = test::make_authority();
  const Identity bad = make_identity(&stranger, {.alternative_names = "DNS:other.example"});
  const test::TlsPtr bad_tls = test::server_tls(bad);
  PeerServer server(greet, bad_tls.get());
  options.tls.verify = VerifyPeer::no;
  send(request_to(server.port()));
  EXPECT_EQ(results[0].value().body, "hello");
}

TEST_F(TlsTest, shows_its_own_certificate_to_a_server_that_wants_one) {
  SSL_CTX_set_verify(tls.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_load_verify_file(tls.get(), options.tls.ca_file.c_str());
  PeerServer server(greet, tls.get());
  send(request_to(server.port()));
  EXPECT_NE(failure().find("certificate"), std::string::npos) << failure();
  test::write_pem(directory + "/client.pem", identity({}));
  options.tls.certificate_file = options.tls.key_file = directory + "/client.pem";
  send(request_to(server.port()));
  EXPECT_EQ(failure(), "");
}

TEST_F(TlsTest, names_a_file_that_it_cannot_read) {
  PeerServer server(greet, tls.get());
  options.tls.ca_file = directory + "/none.pem";
  send(request_to(server.port()));
  EXPECT_EQ(results[0].error().code(), Code::invalid_argument);
  EXPECT_NE(failure().find("none.pem"), std::string::npos) << failure();
}

TEST_F(TlsTest, new_connections_resume_the_session_of_the_server) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    SSL_CTX_set_max_proto_version(tls.get(), version);
    std::vector<bool> resumed;
    PeerServer server(
        [&resumed](Peer& peer, int) {
          peer.read_head();
          resumed.push_back(peer.resumed());
          peer.write(kHello);  // and closes, so that the next request needs a new connection
        },
        tls.get());
    send(request_to(server.port()), 4);
    for (const auto& result : results) EXPECT_EQ(result.value().body, "hello");
    EXPECT_EQ(resumed, (std::vector<bool>{false, true, true, true})) << version;
  }
}

TEST_F(TlsTest, a_session_that_the_server_has_forgotten_costs_nothing_but_time) {
  const Identity other = identity({});
  const test::TlsPtr restarted = test::server_tls(other);
  PeerServer server([&](Peer& peer, int number) {
    if (!peer.start_tls(number == 0 ? tls.get() : restarted.get())) return;
    peer.read_head();
    EXPECT_FALSE(peer.resumed());
    peer.write(kHello);
  });
  send(request_to(server.port()), 2);
  for (const auto& result : results) EXPECT_EQ(result.value().body, "hello");
}

TEST_F(TlsTest, a_request_may_have_authorities_and_a_certificate_of_its_own) {
  SSL_CTX_set_verify(tls.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_load_verify_file(tls.get(), options.tls.ca_file.c_str());
  test::write_pem(directory + "/client.pem", identity({}));
  PeerServer server(greet, tls.get());
  TlsOptions own_options;
  own_options.certificate_file = directory + "/client.pem";
  Request request = request_to(server.port());
  request.tls = &own_options;
  send(request);
  EXPECT_EQ(failure(), "") << "what the request leaves empty is the client's";
  options.tls.ca_file.clear();
  send(request);
  EXPECT_NE(failure(), "");
  own_options.ca_file = directory + "/ca.pem";
  send(request);
  EXPECT_EQ(failure(), "");
}

TEST_F(TlsTest, trusts_the_authorities_of_a_directory) {
  PeerServer server(greet, tls.get());
  options.tls.ca_file.clear();
  options.tls.ca_directory = directory + "/authorities";
  send(request_to(server.port()));
  EXPECT_EQ(results[0].error().code(), Code::invalid_argument);
  EXPECT_NE(failure().find("/authorities"), std::string::npos) << failure();
  char name[16];
  const auto hash = X509_subject_name_hash(authority.certificate.get());
  std::snprintf(name, sizeof name, "/%08lx.0", hash);
  std::filesystem::create_directories(options.tls.ca_directory);
  test::write_pem(options.tls.ca_directory + name, authority);
  send(request_to(server.port()));
  EXPECT_EQ(failure(), "");
}

TEST_F(TlsTest, a_server_without_tls_is_told_apart) {
  PeerServer server([](Peer& peer, int) {
    peer.read_exactly(1);
    peer.write("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  send(request_to(server.port()));
  EXPECT_EQ(results[0].error().code(), Code::unavailable);
  EXPECT_NE(failure().find("plain http"), std::string::npos) << failure();
}

TEST_F(TlsTest, an_end_without_farewell_is_no_end) {
  for (const bool farewell : {false, true}) {
    PeerServer server(
        [farewell](Peer& peer, int) {
          peer.read_head();
          peer.write("HTTP/1.1 200 OK\r\n\r\nto the end");
          if (farewell) peer.end_tls();
        },
        tls.get());
    send(request_to(server.port()));
    EXPECT_EQ(results[0].has_value(), farewell) << failure();
  }
}

TEST_F(TlsTest, large_bodies_pass_both_ways_and_silence_about_100_is_overcome) {
  const std::string large(3 * kMiB, 'x');
  PeerServer server(
      [&large](Peer& peer, int) {
        peer.read_head();
        EXPECT_EQ(peer.read_exactly(large.size()), large);
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(large.size()) +
                   "\r\n\r\n" + large);
      },
      tls.get());
  MemoryBody body(large);
  Request request = request_to(server.port());
  request.method = "PUT";
  request.body = &body;
  request.body_size = large.size();
  request.expect = Expect::continue_100;
  send(request);
  EXPECT_EQ(results[0].value().body, large);
}

TEST_F(TlsTest, a_plain_request_names_its_server_to_the_proxy) {
  std::string head;
  PeerServer proxy([&head](Peer& peer, int) {
    head = peer.read_head();
    peer.write(kHello);
  });
  ::setenv("http_proxy", ("http://me:p%40ss@127.0.0.1:" + std::to_string(proxy.port())).c_str(), 1);
  ::setenv("no_proxy", "elsewhere.example", 1);
  Request request = request_to(80, Scheme::http);
  request.endpoint.host = "store.example";
  send(request);
  EXPECT_EQ(results[0].value().body, "hello");
  EXPECT_TRUE(head.starts_with("GET http://store.example/x HTTP/1.1\r\nHost: store.example\r\n"));
  EXPECT_NE(head.find("Proxy-Authorization: Basic bWU6cEBzcw=="), std::string::npos) << head;
}

TEST_F(TlsTest, tls_goes_through_a_tunnel_that_the_proxy_cannot_see_into) {
  std::string connect;
  std::string inside;
  PeerServer proxy([&](Peer& peer, int) {
    connect = peer.read_head();
    peer.write("HTTP/1.1 200 Connection established\r\nX: y\r\n\r\n");
    if (!peer.start_tls(tls.get())) return;
    inside = peer.read_head();
    peer.write(kHello);
  });
  ::setenv("https_proxy", ("me:pw@127.0.0.1:" + std::to_string(proxy.port())).c_str(), 1);
  Request request = request_to(443);
  request.endpoint.host = "localhost";
  send(request);
  EXPECT_EQ(failure(), "");
  EXPECT_TRUE(connect.starts_with("CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n"));
  EXPECT_NE(connect.find("Proxy-Authorization: Basic bWU6cHc="), std::string::npos);
  EXPECT_TRUE(inside.starts_with("GET /x HTTP/1.1\r\nHost: localhost\r\n"));
  EXPECT_EQ(inside.find("Proxy-Authorization"), std::string::npos);
}

TEST_F(TlsTest, a_proxy_that_refuses_or_is_gone_is_named) {
  for (const auto& [answer, says] :
       {std::pair("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "a name and a password"),
        std::pair("HTTP/1.1 403 Forbidden\r\n\r\n", "403"), std::pair("SOCKS?\r\n\r\n", "not HTTP"),
        std::pair("", "through the proxy")}) {
    PeerServer proxy([answer](Peer& peer, int) {
      peer.read_head();
      peer.write(answer);
    });
    ::setenv("https_proxy", ("http://127.0.0.1:" + std::to_string(proxy.port())).c_str(), 1);
    send(request_to(443));
    EXPECT_NE(failure().find(says), std::string::npos) << failure();
    EXPECT_EQ(results[0].error().outcome(), Outcome::not_applied);
  }
  ::setenv("https_proxy", "http://127.0.0.1:1", 1);
  send(request_to(443));
  EXPECT_NE(failure().find("the proxy http://127.0.0.1:1 for https://127.0.0.1"), std::string::npos)
      << failure();
  ::setenv("https_proxy", "socks5://127.0.0.1:1", 1);
  send(request_to(443));
  EXPECT_EQ(results[0].error().code(), Code::invalid_argument);
}

TEST_F(TlsTest, a_request_may_want_no_proxy) {
  PeerServer server(greet);
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  Request request = request_to(server.port(), Scheme::http);
  send(request);
  EXPECT_NE(failure(), "");
  request.proxying = Proxying::never;
  send(request);
  EXPECT_EQ(results[0].value().body, "hello");
}

TEST_F(TlsTest, no_proxy_goes_straight) {
  PeerServer server(greet, tls.get());
  ::setenv("https_proxy", "http://127.0.0.1:1", 1);
  ::setenv("no_proxy", "127.0.0.0/8", 1);
  send(request_to(server.port()));
  EXPECT_EQ(results[0].value().body, "hello");
}

}  // namespace
}  // namespace godwit::http
