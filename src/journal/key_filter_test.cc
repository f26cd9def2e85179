#include "journal/key_filter.h"

#include <gtest/gtest.h>

#include <string>

namespace godwit::journal {
namespace {

std::string key_of(int number) { return "key/" + std::to_string(number); }

TEST(KeyFilter, knows_what_was_added_and_few_others) {
  KeyFilter filter;
  EXPECT_FALSE(filter.may_have("k"));
  constexpr int kKeys = 300'000;  // several parts
  for (int i = 0; i < kKeys; ++i) filter.add(key_of(i));
  int taken_for_known = 0;
  for (int i = 0; i < kKeys; ++i) {
    ASSERT_TRUE(filter.may_have(key_of(i)));
    if (filter.may_have(key_of(i + kKeys))) ++taken_for_known;
  }
  EXPECT_LT(taken_for_known, kKeys / 10);
  EXPECT_LT(filter.memory() * 8, std::size_t{50} * kKeys);
  filter.clear();
  EXPECT_FALSE(filter.may_have(key_of(1)));
  EXPECT_EQ(filter.memory(), 0U);
}

TEST(KeyFilter, takes_no_more_memory_than_it_may) {
  KeyFilter filter(kMiB);
  constexpr int kKeys = 2'000'000;
  for (int i = 0; i < kKeys; ++i) filter.add(key_of(i));
  EXPECT_LE(filter.memory(), kMiB);
  EXPECT_GT(filter.memory(), kMiB / 2);
  EXPECT_TRUE(filter.may_have(key_of(0)));
  EXPECT_TRUE(filter.may_have(key_of(kKeys - 1)));
}

}  // namespace
}  // namespace godwit::journal
