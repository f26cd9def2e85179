#include "journal/graves.h"

#include <gtest/gtest.h>

namespace godwit::journal {
namespace {

TEST(Graves, only_keys_with_a_dead_letter_may_have_one) {
  Graves graves(0);
  EXPECT_FALSE(graves.may_have("k"));
  graves.add("k");
  graves.add("l");
  EXPECT_TRUE(graves.may_have("k"));
  EXPECT_FALSE(graves.may_have("m"));
  graves.remove("k");
  EXPECT_FALSE(graves.may_have("k"));
  EXPECT_EQ(graves.count(), 1U);
}

TEST(Graves, any_key_may_have_one_until_those_on_disk_were_found) {
  Graves graves(2);
  EXPECT_TRUE(graves.may_have("m"));
  graves.found({"k", "l"});
  EXPECT_TRUE(graves.may_have("l"));
  EXPECT_FALSE(graves.may_have("m"));
}

TEST(Graves, any_key_may_have_one_when_there_are_too_many_to_remember_until_all_are_gone) {
  Graves graves(0);
  for (std::size_t i = 0; i <= Graves::kMost; ++i) graves.add(std::to_string(i));
  EXPECT_TRUE(graves.may_have("m"));
  for (std::size_t i = 0; i < Graves::kMost; ++i) graves.remove(std::to_string(i));
  EXPECT_TRUE(graves.may_have("m"));
  graves.remove(std::to_string(Graves::kMost));
  EXPECT_FALSE(graves.may_have("m"));
  graves.add("k");
  EXPECT_FALSE(graves.may_have("m"));

  Graves too_many(Graves::kMost + 1);
  too_many.found(std::vector<std::string>(Graves::kMost + 1, "k"));
  EXPECT_TRUE(too_many.may_have("m"));
}

}  // namespace
}  // namespace godwit::journal
