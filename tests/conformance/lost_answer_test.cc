// Answers of a real S3 service that get lost on the way: what is proven to be done is a success,
// and what is not is told as unknown. Run by tests/rgw/with_rgw.sh.
#include <gtest/gtest.h>

#include "base/checksum.h"
#include "conformance/stores.h"
#include "http/client.h"
#include "store/etag.h"
#include "store/s3/s3_store.h"
#include "support/make_bucket.h"
#include "support/run_task.h"
#include "world/real/real_world.h"

namespace godwit {
namespace {

/// Passes requests on, and forgets the answers to writes while it is told to.
class ForgetfulTransport final : public http::Transport {
 public:
  explicit ForgetfulTransport(http::Transport& inner) : inner_(inner) {}

  Task<http::Response> send(const Context& context, http::Request& request) override {
    GODWIT_CO_TRY(http::Response response, co_await inner_.send(context, request));
    const bool writes = request.method == "PUT" || request.method == "POST";
    if (!forgets || !writes) co_return response;
    co_return fail(Error(Code::unavailable, "forgotten").with(Outcome::unknown));
  }
  Task<void> close() override { return inner_.close(); }

  bool forgets = false;

 private:
  http::Transport& inner_;
};

class RgwLostAnswer : public testing::Test {
 protected:
  RgwLostAnswer() {
    const char* endpoint = std::getenv("GODWIT_TEST_S3_A");
    if (endpoint == nullptr) return;
    const StoreSpec spec = parse_store_url("s3://conformance/" + std::to_string(world_.random()) +
                                               "/?endpoint=" + std::string(endpoint),
                                           "/")
                               .value();
    EXPECT_TRUE(run(test::make_bucket(context_, *client_, spec)));
    store_ = s3::s3_scheme(transport_).open(world_, spec).value();
  }
  ~RgwLostAnswer() override { (void)run(client_->close()); }
  void SetUp() override { ASSERT_TRUE(store_) << "run this by tests/rgw/with_rgw.sh"; }

  template <class T>
  Result<T> run(Task<T> task) {
    return test::run_task(world_, std::move(task));
  }
  Result<PutResult> put_absent(const std::string& bytes) {
    MemoryBody body(bytes);
    PutOptions options;
    options.condition = Condition::absent;
    return run(store_->put(context_, key_, {&body, bytes.size()}, options));
  }

  RealWorld world_;
  Context context_{world_};
  std::unique_ptr<http::Client> client_ = http::make_client(world_);
  ForgetfulTransport transport_{*client_};
  std::unique_ptr<Store> store_;
  const std::string key_ = "k";
};

TEST_F(RgwLostAnswer, to_a_conditional_put_is_settled) {
  transport_.forgets = true;
  const auto stored = put_absent("first");
  ASSERT_TRUE(stored) << stored.error().to_string();
  EXPECT_EQ(stored->etag, to_hex(md5(as_bytes("first"))));
  EXPECT_EQ(put_absent("second").error().outcome(), Outcome::unknown);
  transport_.forgets = false;
  EXPECT_EQ(put_absent("second").error().code(), Code::precondition_failed);
}

TEST_F(RgwLostAnswer, to_a_complete_is_settled_and_may_be_asked_again) {
  Multipart& multipart = *store_->multipart();
  const UploadId upload = run(multipart.create(context_, key_, {})).value();
  MemoryBody body("bytes");
  const PartPlace place{1, 0};
  const std::vector<PartInfo> parts = {
      run(multipart.put_part(context_, upload, place, {&body, 5})).value()};
  transport_.forgets = true;
  const auto stored = run(multipart.complete(context_, upload, parts, {}));
  ASSERT_TRUE(stored) << stored.error().to_string();
  EXPECT_EQ(stored->etag, compose_etag(std::vector{parts[0].etag}));
  transport_.forgets = false;
  const auto again = run(multipart.complete(context_, upload, parts, {}));
  EXPECT_TRUE(again) << again.error().to_string();
}

}  // namespace
}  // namespace godwit
