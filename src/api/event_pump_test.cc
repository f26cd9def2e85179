#include "api/event_pump.h"

#include <gtest/gtest.h>

#include <future>
#include <vector>

namespace godwit::api {
namespace {

Event numbered(std::uint64_t number) { return {.number = number}; }

TEST(EventPumpTest, handlers_hear_events_in_order_on_another_thread) {
  EventPump pump(null_log());
  std::promise<void> done;
  std::vector<std::uint64_t> heard;
  (void)pump.add([&](const Event& event) {
    heard.push_back(event.number);
    if (event.number == 3) done.set_value();
  });
  for (std::uint64_t i = 1; i <= 3; ++i) pump.push(numbered(i));
  done.get_future().wait();
  EXPECT_EQ(heard, (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST(EventPumpTest, a_slow_handler_delays_nobody_who_pushes_and_the_oldest_are_dropped) {
  EventPump pump(null_log());
  std::promise<void> go_on;
  std::promise<void> begun;
  std::promise<std::uint64_t> next;
  bool first = true;
  bool second = true;
  (void)pump.add([&](const Event& event) {
    if (std::exchange(first, false)) {
      begun.set_value();
      go_on.get_future().wait();
    } else if (std::exchange(second, false)) {
      next.set_value(event.number);
    }
  });
  pump.push(numbered(0));
  begun.get_future().wait();
  for (std::uint64_t i = 1; i <= EventPump::kMostWaiting + 5; ++i) pump.push(numbered(i));
  EXPECT_EQ(pump.dropped(), 5U);
  go_on.set_value();
  EXPECT_EQ(next.get_future().get(), 6U) << "1 to 5 were the oldest";
}

TEST(EventPumpTest, a_handler_that_throws_is_counted_and_called_again) {
  EventPump pump(null_log());
  std::promise<void> done;
  (void)pump.add([&](const Event& event) {
    if (event.number == 2) done.set_value();
    throw event.number;
  });
  pump.push(numbered(1));
  pump.push(numbered(2));
  done.get_future().wait();
  pump.stop();
  EXPECT_GE(pump.errors(), 1U);
}

TEST(EventPumpTest, a_handler_that_was_removed_is_not_called_any_more) {
  EventPump pump(null_log());
  std::atomic<int> calls = 0;
  std::promise<void> begun;
  const auto handler = pump.add([&](const Event&) {
    if (++calls == 1) begun.set_value();
  });
  for (std::uint64_t i = 0; i < 1000; ++i) pump.push(numbered(i));
  begun.get_future().wait();
  pump.remove(*handler);
  const int until_now = calls;
  std::promise<void> done;
  (void)pump.add([&](const Event& event) {
    if (event.number == 5000) done.set_value();
  });
  pump.push(numbered(5000));
  done.get_future().wait();
  EXPECT_EQ(calls, until_now);
}

TEST(EventPumpTest, a_handler_may_remove_itself) {
  EventPump pump(null_log());
  std::promise<void> done;
  std::uint64_t own = 0;
  std::atomic<int> calls = 0;
  std::promise<void> known;
  std::shared_future<void> is_known = known.get_future().share();
  own = *pump.add([&, is_known](const Event&) {
    is_known.wait();
    ++calls;
    pump.remove(own);
  });
  known.set_value();
  (void)pump.add([&](const Event& event) {
    if (event.number == 2) done.set_value();
  });
  pump.push(numbered(1));
  pump.push(numbered(2));
  done.get_future().wait();
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace godwit::api
