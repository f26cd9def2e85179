#include "world/real/blocking_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <latch>
#include <set>
#include <thread>
#include <vector>

namespace godwit {
namespace {

void until_all_rest(BlockingPool& pool) {
  while (pool.resting() < pool.threads()) std::this_thread::yield();
}

std::thread::id done_by(BlockingPool& pool) {
  std::thread::id who;
  std::latch done(1);
  pool.post([&] {
    who = std::this_thread::get_id();
    done.count_down();
  });
  done.wait();
  until_all_rest(pool);
  return who;
}

/// So many works at once: each waits for the others.
void crowd(BlockingPool& pool, std::ptrdiff_t count) {
  std::latch all(count);
  std::latch done(count);
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    pool.post([&] {
      all.arrive_and_wait();
      done.count_down();
    });
  }
  done.wait();
  until_all_rest(pool);
}

TEST(BlockingPool, what_comes_one_at_a_time_is_done_by_one_thread_also_after_a_crowd) {
  BlockingPool pool(4);
  until_all_rest(pool);
  std::set<std::thread::id> before;
  for (int i = 0; i < 5; ++i) before.insert(done_by(pool));
  EXPECT_EQ(before.size(), 1U);
  EXPECT_EQ(pool.threads(), 1U);
  crowd(pool, 4);
  EXPECT_EQ(pool.threads(), 4U);
  std::set<std::thread::id> after;
  for (int i = 0; i < 5; ++i) after.insert(done_by(pool));
  EXPECT_EQ(after.size(), 1U);
}

TEST(BlockingPool, works_wait_in_order_once_all_threads_are_busy) {
  std::vector<int> order;
  std::latch go(1);
  {
    BlockingPool pool(1);
    pool.post([&] { go.wait(); });
    for (int i = 0; i < 100; ++i) pool.post([&order, i] { order.push_back(i); });
    EXPECT_EQ(pool.threads(), 1U);
    go.count_down();
  }
  // Its end did what waited.
  ASSERT_EQ(order.size(), 100U);
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST(BlockingPool, a_work_may_post_another_also_while_the_pool_ends) {
  int done = 0;
  {
    BlockingPool pool(2);
    pool.post([&] { pool.post([&] { ++done; }); });
  }
  EXPECT_EQ(done, 1);
}

}  // namespace
}  // namespace godwit
