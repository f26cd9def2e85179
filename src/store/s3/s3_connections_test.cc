#include <gtest/gtest.h>

#include "http/client.h"
#include "store/s3/s3_store.h"
#include "support/http_peer.h"
#include "support/run_task.h"
#include "world/real/real_world.h"

namespace godwit::s3 {
namespace {

using namespace std::chrono_literals;
using test::Peer;

/// A service whose objects are all "hello" and have a tag.
void serve(Peer& peer, int) {
  const std::string tags =
      "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
  for (std::string head = peer.read_head(); !head.empty(); head = peer.read_head()) {
    if (head.starts_with("PUT")) peer.read_exactly(5);
    const std::string body = head.starts_with("PUT")                      ? ""
                             : head.find("?tagging") != std::string::npos ? tags
                                                                          : "hello";
    peer.write(
        "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nx-amz-tagging-count: 1\r\n"
        "Last-Modified: Sat, 21 Nov 2026 05:31:10 GMT\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body);
  }
}

Task<ObjectInfo> relay(Context context, Store& store) {
  const GetOptions get;
  GODWIT_CO_TRY(GetResult got, co_await store.get(context, "from", get));
  const Upload upload{got.body.get(), got.info.size};
  const PutOptions put;
  GODWIT_CO_TRY(const PutResult stored, co_await store.put(context, "to", upload, put));
  got.info.etag = stored.etag;
  co_return std::move(got.info);
}

Task<ObjectInfo> relay_and_close(Context context, Store& store, http::Client& client) {
  const Result<ObjectInfo> relayed = co_await relay(context, store);
  (void)co_await client.close();
  co_return relayed;
}

TEST(Connections, of_a_relay_do_not_wait_for_each_other_when_there_are_few) {
  test::PeerServer server(serve);
  RealWorld world;
  http::ClientOptions few;
  few.connections_per_host = 1;
  const auto client = http::make_client(world, few);
  const std::string url = "s3://bucket?region=r&anonymous=yes&endpoint=http://127.0.0.1:" +
                          std::to_string(server.port());
  const auto store = s3_scheme(*client).open(world, parse_store_url(url, "/").value()).value();
  const Context context = Context(world).with_timeout(5s);
  const auto relayed = test::run_task(world, relay_and_close(context, *store, *client));
  ASSERT_TRUE(relayed) << relayed.error().to_string();
  EXPECT_EQ(relayed->metadata.tags, (std::map<std::string, std::string>{{"a", "b"}}));
}

}  // namespace
}  // namespace godwit::s3
