#include "service/body_pipe.h"

#include <gtest/gtest.h>

#include "support/run_task.h"
#include "world/real/real_thread.h"
#include "world/real/real_world.h"

namespace godwit::service {
namespace {

Task<std::size_t> push_all(BodyPipe& pipe, std::size_t count, std::optional<Error> end) {
  std::size_t pushed = 0;
  while (pushed < count) {
    const bool taken = co_await pipe.push("piece " + std::to_string(pushed) + "\n");
    if (!taken) break;
    ++pushed;
  }
  pipe.finish(std::move(end));
  co_return pushed;
}

/// All that comes out, 5 bytes at a time.
Result<std::string> pull_all(BodyPipe& pipe) {
  std::string all;
  std::string room(5, '\0');
  for (;;) {
    GODWIT_TRY(const std::size_t count, pipe.pull(std::as_writable_bytes(std::span(room))));
    if (count == 0) return all;
    all.append(room, 0, count);
  }
}

TEST(BodyPipe, all_goes_through_in_order_though_little_is_held) {
  RealWorld world;
  const auto pipe = std::make_shared<BodyPipe>(world);
  Result<std::string> all;
  RealThread reader([&] { all = pull_all(*pipe); });
  EXPECT_EQ(test::run_task(world, push_all(*pipe, 1000, std::nullopt)), 1000U);
  reader.join();
  std::string expected;
  for (int i = 0; i < 1000; ++i) expected += "piece " + std::to_string(i) + "\n";
  EXPECT_EQ(all, expected);
}

TEST(BodyPipe, a_body_that_breaks_off_is_no_end) {
  RealWorld world;
  const auto pipe = std::make_shared<BodyPipe>(world);
  Result<std::string> all;
  RealThread reader([&] { all = pull_all(*pipe); });
  EXPECT_TRUE(test::run_task(world, push_all(*pipe, 3, Error(Code::unavailable, "gone"))));
  reader.join();
  ASSERT_FALSE(all);
  EXPECT_EQ(all.error().message(), "gone");
}

TEST(BodyPipe, who_takes_no_more_stops_who_pushes) {
  RealWorld world;
  const auto pipe = std::make_shared<BodyPipe>(world);
  RealThread reader([&] {
    std::string room(5, '\0');
    (void)pipe->pull(std::as_writable_bytes(std::span(room)));
    pipe->close();
  });
  const auto pushed = test::run_task(world, push_all(*pipe, 1'000'000, std::nullopt));
  EXPECT_LE(pushed.value(), BodyPipe::kMostPieces + 1);
}

}  // namespace
}  // namespace godwit::service
