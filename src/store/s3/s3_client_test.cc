// What a call learns from a refusal, and how it goes on, against a service that is a function.
#include <gtest/gtest.h>

#include <map>

#include "http/sigv4.h"
#include "store/s3/s3_xml.h"
#include "support/s3_fixture.h"
#include "world/signal.h"

namespace godwit::s3 {
namespace {

using namespace std::chrono_literals;
using test::Asked;
using test::Said;

const http::Headers::Field kModified = {"Last-Modified", "Sat, 21 Nov 2026 05:31:10 GMT"};
const std::string kUrl = "s3://buck/?endpoint=http://h:1";

Said refusal(unsigned status, const std::string& code, const std::string& more = "") {
  return {.status = status, .body = "<Error><Code>" + code + "</Code>" + more + "</Error>"};
}

Said object() {
  return {.headers = {{"Content-Length", "0"}, {"ETag", "\"e\""}, kModified}, .body = ""};
}

std::string http_date(WallTime time) {
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  char text[64];
  std::snprintf(text, sizeof text, "Thu, %02u %s %04d %02d:%02d:%02d GMT",
                static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
                static_cast<int>(date.year()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

WallTime signed_at(const Asked& asked) {
  const std::string date = asked.header("x-amz-date");
  return parse_timestamp(date.substr(0, 4) + "-" + date.substr(4, 2) + "-" + date.substr(6, 5) +
                         ":" + date.substr(11, 2) + ":" + date.substr(13, 2) + "Z")
      .value();
}

class ClientTest : public test::S3Fixture {
 protected:
  /// A service whose clock is that much before ours. A HEAD that it refuses is mute.
  void open_with_clock(Duration ahead) {
    open(kUrl, [this, ahead](const Asked& asked) -> Result<Said> {
      const WallTime now = world.wall_now() + ahead;
      const bool right = std::chrono::abs(signed_at(asked) - now) < 15min;
      Said said = right ? object() : refusal(403, "RequestTimeTooSkewed");
      if (asked.method == "HEAD") said.body.clear();
      said.headers.emplace_back("Date", http_date(now));
      return said;
    });
  }
  std::size_t requests() const { return transport.asked.size(); }
};

TEST_F(ClientTest, corrects_its_clock_once_by_whatever_it_is_off) {
  for (const Duration ahead : {Duration(1h), Duration(-1h), Duration(24h * 400)}) {
    open_with_clock(ahead);
    EXPECT_TRUE(put("bytes"));
    EXPECT_EQ(requests(), 2);
    EXPECT_EQ(transport.asked[1].body, "bytes");
    EXPECT_TRUE(put("bytes"));
    EXPECT_EQ(requests(), 3) << "it forgot";
    open_with_clock(ahead);
    EXPECT_TRUE(head()) << "a refused HEAD has no body that says why";
  }
}

TEST_F(ClientTest, a_refusal_for_other_reasons_is_not_tried_again) {
  open(kUrl, [this](const Asked&) -> Result<Said> {
    Said said = refusal(403, "AccessDenied");
    said.headers.emplace_back("Date", http_date(world.wall_now() + 1h));
    return said;
  });
  EXPECT_EQ(put("x").error().code(), Code::permission_denied);
  EXPECT_EQ(requests(), 1);
}

asio::awaitable<void> head_one(World& world, Store& store, std::string key, int& succeeded) {
  const Result<ObjectInfo> info = co_await store.head(Context(world), key);
  if (info) ++succeeded;
}

asio::awaitable<void> head_many(World& world, Store& store, int& succeeded) {
  TaskGroup group(world.executor());
  for (int i = 0; i < 16; ++i) {
    group.spawn(head_one(world, store, "k" + std::to_string(i), succeeded));
  }
  co_await group.join();
}

// All are refused before one has learned: what another has learned is a lesson, too.
TEST_F(ClientTest, calls_at_once_all_learn) {
  transport.delay = 1s;
  open_with_clock(1h);
  int succeeded = 0;
  ASSERT_TRUE(world.run(head_many(world, *store, succeeded)));
  EXPECT_EQ(succeeded, 16);
  open("s3://buck/", [](const Asked& asked) -> Result<Said> {
    if (asked.header("authorization").find("/eu-1/") != std::string::npos) return object();
    return Said{.status = 400, .headers = {{"x-amz-bucket-region", "eu-1"}}, .body = ""};
  });
  succeeded = 0;
  ASSERT_TRUE(world.run(head_many(world, *store, succeeded)));
  EXPECT_EQ(succeeded, 16);
  EXPECT_EQ(requests(), 32);
  EXPECT_EQ(transport.asked.back().endpoint.host, "buck.s3.eu-1.amazonaws.com");
}

TEST_F(ClientTest, follows_a_redirect_signed_anew_and_forgets_a_temporary_one) {
  open(kUrl, [](const Asked& asked) -> Result<Said> {
    if (asked.endpoint.host == "other") return object();
    Said said = refusal(307, "TemporaryRedirect");
    said.headers.emplace_back("Location", "http://other:2" + asked.target);
    return said;
  });
  EXPECT_TRUE(put("bytes"));
  EXPECT_EQ(transport.asked[1].body, "bytes");
  EXPECT_NE(transport.asked[0].header("authorization"), transport.asked[1].header("authorization"));
  EXPECT_TRUE(put("bytes"));
  EXPECT_EQ(requests(), 4);
}

TEST_F(ClientTest, remembers_a_redirect_for_good) {
  open(kUrl, [](const Asked& asked) -> Result<Said> {
    if (asked.line() == "PUT http://buck.elsewhere:1/k") return object();
    return refusal(301, "PermanentRedirect", "<Endpoint>buck.elsewhere:1</Endpoint>");
  });
  EXPECT_TRUE(put("bytes"));
  EXPECT_TRUE(put("bytes"));
  EXPECT_EQ(requests(), 3);
}

TEST_F(ClientTest, does_not_follow_for_ever_nor_anywhere) {
  std::string location;
  open("s3://buck/?endpoint=https://h", [&](const Asked& asked) -> Result<Said> {
    Said said = refusal(307, "TemporaryRedirect");
    const bool there = asked.endpoint.host == "h";
    said.headers.emplace_back("Location", there ? location : "https://h/buck/k");
    return said;
  });
  location = "https://other/buck/k";
  EXPECT_FALSE(put("x"));
  EXPECT_EQ(requests(), 5);
  for (const char* bad : {"http://other/buck/k", "https://other/buck/other", "https://other/", "/k",
                          "https://h/buck/k"}) {
    transport.asked.clear();
    location = bad;
    EXPECT_FALSE(put("x"));
    EXPECT_EQ(requests(), 1) << bad;
  }
}

/// A body that can be read once.
class Stream final : public Body {
 public:
  explicit Stream(std::string bytes) : inner_(std::move(bytes)) {}
  Task<std::size_t> read(MutableByteSpan into) override { return inner_.read(into); }

 private:
  MemoryBody inner_;
};

TEST_F(ClientTest, a_stream_goes_on_after_a_redirect_that_did_not_touch_it) {
  for (const bool early : {true, false}) {
    const auto redirect = [](const Asked& asked) {
      Said said = refusal(307, "TemporaryRedirect");
      said.headers.emplace_back("Location", "http://other:2" + asked.target);
      return said;
    };
    open(kUrl, [&](const Asked& asked) -> Result<Said> {
      return asked.endpoint.host == "other" ? object() : redirect(asked);
    });
    transport.before_body = [&](const Asked& asked) -> std::optional<Said> {
      if (early && asked.endpoint.host != "other") return redirect(asked);
      return std::nullopt;
    };
    Stream body("bytes");
    const auto stored = run(store->put(Context(world), key, {&body, 5}, {}));
    EXPECT_EQ(stored.has_value(), early);
    if (early) {
      EXPECT_EQ(transport.asked.back().body, "bytes");
    }
  }
}

TEST_F(ClientTest, asks_for_new_keys_when_the_service_calls_them_expired) {
  world.variables = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/keys"}};
  int given = 0;
  open(kUrl, [&](const Asked& asked) -> Result<Said> {
    if (asked.endpoint.port == 9) {
      const std::string number = std::to_string(++given);
      return Said{.body = R"({"AccessKeyId":"K)" + number +
                          R"(","SecretAccessKey":"s","Token":"t)" + number +
                          R"(","Expiration":"2027-01-01T00:00:00Z"})"};
    }
    const bool old = asked.header("authorization").find("Credential=K1/") != std::string::npos;
    return old ? refusal(400, "ExpiredToken") : object();
  });
  EXPECT_TRUE(put("x"));
  EXPECT_EQ(given, 2);
}

TEST_F(ClientTest, says_what_the_options_ask_for) {
  const auto always = [](const Asked&) -> Result<Said> { return object(); };
  open(kUrl + "&requester_pays=yes", always);
  EXPECT_TRUE(head());
  EXPECT_EQ(transport.asked[0].header("x-amz-request-payer"), "requester");
  open(kUrl, always);
  EXPECT_TRUE(put("x"));
  EXPECT_EQ(transport.asked[0].header("x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
  open(kUrl + "&payload=signed", always);
  EXPECT_TRUE(put("x"));
  EXPECT_EQ(transport.asked[0].header("x-amz-content-sha256"), http::kSignedChunks);
  EXPECT_EQ(transport.asked[0].header("x-amz-decoded-content-length"), "1");
  EXPECT_TRUE(transport.asked[0].body.starts_with("1;chunk-signature="));
  EXPECT_TRUE(put(""));
  EXPECT_EQ(transport.asked[1].header("x-amz-content-sha256"), to_hex(sha256({})));
}

TEST_F(ClientTest, sends_checksums_along_and_checks_them) {
  const std::string sum = "x-amz-checksum-crc32c";
  std::string told = "4waSgw==";
  for (const auto& [endpoint, payload] : {std::pair("http://h:1", http::kSignedChunksTrailer),
                                          std::pair("https://h:1", http::kUnsignedChunksTrailer)}) {
    open("s3://buck/?checksum=crc32c&endpoint=" + std::string(endpoint),
         [&](const Asked&) -> Result<Said> {
           return Said{.headers = {{"Content-Length", "9"}, {sum, told}, kModified},
                       .body = "123456789"};
         });
    told = "4waSgw==";
    EXPECT_TRUE(put("123456789"));
    EXPECT_EQ(transport.asked[0].header("x-amz-trailer"), sum);
    EXPECT_EQ(transport.asked[0].header("x-amz-content-sha256"), payload);
    EXPECT_NE(transport.asked[0].body.find(sum + ":4waSgw==\r\n"), std::string::npos);
    EXPECT_TRUE(put(""));
    EXPECT_EQ(transport.asked[1].header(sum), "AAAAAA==");
    EXPECT_EQ(get().value(), "123456789");
    EXPECT_EQ(transport.asked[2].header("x-amz-checksum-mode"), "ENABLED");
    told = "4waSgg==";
    EXPECT_EQ(get().error().code(), Code::corrupted);
    told = "4waSgg==-2";
    EXPECT_TRUE(get()) << "a sum over sums was taken for one over bytes";
  }
}

TEST_F(ClientTest, reading_takes_no_effect_however_it_fails) {
  Result<Said> answer = fail(Error(Code::unavailable, "broke").with(Outcome::unknown));
  open(kUrl, [&](const Asked&) { return answer; });
  EXPECT_EQ(head().error().outcome(), Outcome::not_applied);
  EXPECT_EQ(put("x").error().outcome(), Outcome::unknown);
  answer = refusal(500, "InternalError");
  EXPECT_EQ(get().error().outcome(), Outcome::not_applied);
  EXPECT_EQ(put("x").error().outcome(), Outcome::unknown);
}

TEST_F(ClientTest, another_range_than_the_one_asked_for_is_refused) {
  std::string told;
  open(kUrl, [&](const Asked&) -> Result<Said> {
    Said said{.status = 206, .headers = {{"Content-Length", "4"}, kModified}, .body = "data"};
    if (!told.empty()) said.headers.emplace_back("Content-Range", told);
    return said;
  });
  GetOptions options;
  options.range = ByteRange{10, 4};
  for (const auto& [range, right] :
       {std::pair("bytes 10-13/100", true), std::pair("bytes 0-3/100", false),
        std::pair("bytes 100-103/1000", false), std::pair("", false)}) {
    told = range;
    const auto got = run(store->get(Context(world), key, options));
    EXPECT_EQ(got.has_value(), right) << range;
  }
  EXPECT_EQ(get().error().code(), Code::corrupted) << "a part is not the whole";
}

TEST_F(ClientTest, a_copy_that_tells_no_token_is_not_believed) {
  Said answer{.body = "<CopyObjectResult><ETag>&quot;e&quot;</ETag></CopyObjectResult>"};
  open(kUrl, [&](const Asked&) -> Result<Said> { return answer; });
  CopySource source;
  source.store = store.get();
  source.key = "from";
  EXPECT_EQ(run(store->copy(Context(world), key, source, {}))->etag, "e");
  answer.body.resize(answer.body.find("<ETag>"));
  const auto copied = run(store->copy(Context(world), key, source, {}));
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().outcome(), Outcome::unknown);
}

TEST_F(ClientTest, removals_are_told_apart_by_key) {
  open(kUrl, [](const Asked&) -> Result<Said> {
    return Said{.body =
                    "<DeleteResult><Error><Key>a</Key><Code>AccessDenied</Code></Error><Error>"
                    "<Key>b</Key><Code>SlowDown</Code></Error><Error><Key>c</Key>"
                    "<Code>NoSuchKey</Code></Error></DeleteResult>"};
  });
  const std::vector<std::string> keys = {"a", "b", "c", "d"};
  const auto outcome = run(store->remove(Context(world), keys)).value();
  EXPECT_EQ(outcome[0].error().code(), Code::permission_denied);
  EXPECT_EQ(outcome[1].error().code(), Code::throttled);
  EXPECT_TRUE(outcome[2] && outcome[3]);
  EXPECT_TRUE(run(store->remove(Context(world), {}))->empty());
  EXPECT_EQ(requests(), 1);
}

}  // namespace
}  // namespace godwit::s3
