#include "world/real/service_manager.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "support/fake_world.h"
#include "support/run_task.h"
#include "world/callback.h"
#include "world/context.h"
#include "world/real/real_thread.h"
#include "world/real/real_world.h"
#include "world/signal.h"

namespace godwit {
namespace {

using namespace std::chrono_literals;

TEST(ServiceManager, hears_what_it_is_told_and_nobody_else_is_asked_for) {
  test::FakeWorld world;
  notify_service_manager(world, "READY=1");  // Nobody listens.
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = world.path("notify");
  std::memcpy(address.sun_path, path.data(), path.size());
  ASSERT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  world.variables["NOTIFY_SOCKET"] = path;
  notify_service_manager(world, "READY=1");
  char buffer[64];
  const auto count = ::recv(socket, buffer, sizeof buffer, MSG_DONTWAIT);
  ::close(socket);
  ASSERT_GT(count, 0);
  EXPECT_EQ(std::string(buffer, static_cast<std::size_t>(count)), "READY=1");
}

TEST(ServiceManager, says_how_often_it_wants_to_hear) {
  test::FakeWorld world;
  EXPECT_FALSE(watchdog_interval(world));
  world.variables["WATCHDOG_USEC"] = "30000000";
  EXPECT_EQ(watchdog_interval(world), Duration(30s));
  world.variables["WATCHDOG_USEC"] = "soon";
  EXPECT_FALSE(watchdog_interval(world));
}

asio::awaitable<void> raise_and_wait(World& world, int& hangups) {
  const Context context(world);
  for (const int before : {0, 1}) {
    std::raise(SIGHUP);
    while (hangups == before) (void)co_await context.sleep(1ms);
  }
}

TEST(RealWorldSignals, each_hangup_is_told) {
  RealWorld world;
  int hangups = 0;
  world.on_hangup([&hangups] { ++hangups; });
  world.run(raise_and_wait(world, hangups));
  EXPECT_EQ(hangups, 2);
}

TEST(AwaitCallback, yields_what_the_callback_is_told_on_whatever_thread) {
  RealWorld world;
  RealThread thread;
  auto told = await_callback<int>(world, [&thread](auto callback) {
    thread = RealThread([callback = std::move(callback)]() mutable { callback(7); });
    return Result<void>();
  });
  EXPECT_EQ(test::run_task(world, std::move(told)), 7);
}

TEST(AwaitCallback, yields_why_it_was_not_started) {
  RealWorld world;
  auto refused = await_callback<int>(
      world, [](auto) -> Result<void> { return fail(Code::limit_exceeded, "full"); });
  const auto result = test::run_task(world, std::move(refused));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::limit_exceeded);
}

}  // namespace
}  // namespace godwit
