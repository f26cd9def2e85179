#include "service/dashboard.h"

#include <gtest/gtest.h>

#include <regex>

#include "support/service_fixture.h"

namespace godwit::service {
namespace {

using DashboardTest = ServiceTest;

TEST_F(DashboardTest, the_page_and_its_files_need_no_token_and_may_load_nothing_else) {
  api = "operate_token = \"act\"\n";
  open();
  const Told page = ask("GET", "/");
  ASSERT_EQ(page.status, 200U);
  EXPECT_EQ(page.headers.find("Content-Type"), "text/html; charset=utf-8");
  const std::string policy(page.headers.find("Content-Security-Policy").value_or(""));
  EXPECT_TRUE(policy.starts_with("default-src 'self';")) << policy;
  EXPECT_EQ(policy.find("unsafe"), std::string::npos) << policy;
  EXPECT_EQ(page.headers.find("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(page.headers.find("Cache-Control"), "no-cache");
  EXPECT_EQ(ask("GET", "/dashboard/app.js").headers.find("Content-Type"),
            "text/javascript; charset=utf-8");
  EXPECT_EQ(ask("GET", "/dashboard/style.css").headers.find("Content-Type"),
            "text/css; charset=utf-8");
  EXPECT_EQ(ask("GET", "/dashboard/icon.svg").headers.find("Content-Type"), "image/svg+xml");
}

TEST_F(DashboardTest, files_go_compressed_to_who_takes_that_and_once) {
  open();
  const std::string path = "/dashboard/dygraph.min.js";
  const Told plain = ask("GET", path);
  const Told packed = ask("GET", path, "", {{"Accept-Encoding", "gzip, deflate"}});
  EXPECT_FALSE(plain.headers.find("Content-Encoding"));
  EXPECT_EQ(packed.headers.find("Content-Encoding"), "gzip");
  EXPECT_EQ(packed.headers.find("Vary"), "Accept-Encoding");
  EXPECT_LT(2 * packed.body.size(), plain.body.size());
  EXPECT_TRUE(packed.body.starts_with("\x1f\x8b"));
  const Told refused = ask("GET", path, "", {{"Accept-Encoding", "gzip;q=0"}});
  EXPECT_EQ(refused.body.size(), plain.body.size());

  const std::string etag(plain.headers.find("ETag").value_or(""));
  EXPECT_TRUE(etag.starts_with("W/\"")) << etag;
  const Told known = ask("GET", path, "", {{"If-None-Match", "\"x\", " + etag}});
  EXPECT_EQ(known.status, 304U);
  EXPECT_TRUE(known.body.empty());
  EXPECT_EQ(known.headers.find("ETag"), etag);
  EXPECT_EQ(ask("GET", path, "", {{"If-None-Match", "W/\"other\""}}).status, 200U);
}

TEST_F(DashboardTest, nothing_but_its_files_is_served_whatever_the_path) {
  open();
  for (const char* path :
       {"/dashboard/", "/dashboard", "/dashboard/nothing.js", "/dashboard/../etc/passwd",
        "/dashboard/..%2f..%2fetc%2fpasswd", "/dashboard/%2e%2e/x", "/dashboard/app.js/",
        "/dashboard/app.js%00", "/dashboard//app.js", "/dashboard/APP.JS", "//", "/index.html"}) {
    const Told told = ask("GET", path);
    EXPECT_EQ(told.status, 404U) << path;
    EXPECT_EQ(told.json()["error"]["code"], "not_found") << path << told.body;
  }
}

TEST(Dashboard, is_whole_small_and_speaks_to_no_other_host) {
  std::size_t size = 0;
  for (const Asset& asset : assets()) {
    size += asset.gzip.size();
    EXPECT_FALSE(asset.bytes.empty()) << asset.name;
    if (asset.name.starts_with("dygraph")) continue;
    const std::string text(asset.bytes);
    for (const char* forbidden : {"style=", "onclick=", "innerHTML", "<script>", "eval("}) {
      EXPECT_EQ(text.find(forbidden), std::string::npos) << forbidden << " in " << asset.name;
    }
    const std::regex host(R"((https?:)?//[a-z0-9.-]+\.(com|org|net|io)(/[a-z]*)?)");
    for (std::sregex_iterator at(text.begin(), text.end(), host), end; at != end; ++at) {
      EXPECT_EQ(at->str(), "http://www.w3.org/") << asset.name;
    }
    const std::regex named(R"re((/dashboard/|from '\./)([a-z.]+))re");
    for (std::sregex_iterator at(text.begin(), text.end(), named), end; at != end; ++at) {
      EXPECT_NE(find_asset((*at)[2].str()), nullptr) << (*at)[2] << " of " << asset.name;
      const bool preloaded =
          find_asset("index.html")->bytes.find((*at)[2].str()) != std::string_view::npos;
      EXPECT_TRUE(preloaded) << (*at)[2] << " is found late";
    }
  }
  EXPECT_LT(size, 150'000U);
  EXPECT_GT(assets().size(), 10U);
}

}  // namespace
}  // namespace godwit::service
