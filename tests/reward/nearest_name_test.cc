#include "reward/nearest_name.h"

#include <gtest/gtest.h>

namespace winnow::reward {
namespace {

TEST(NearestNameTest, CountsEditsAndSwaps) {
  EXPECT_EQ(EditDistance("", ""), 0);
  EXPECT_EQ(EditDistance("abc", ""), 3);
  EXPECT_EQ(EditDistance("numeric", "numreic"), 1);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3);
}

TEST(NearestNameTest, NamesTheNearestInOrder) {
  EXPECT_EQ(DidYouMean("numreic", {"math", "numeric"}), "; did you mean numeric?");
  EXPECT_EQ(DidYouMean("ab", {"ac", "aa", "zz"}), "; did you mean aa, ac?");
  EXPECT_EQ(DidYouMean("b", {"b4", "b3", "b2", "b1"}), "; did you mean b1, b2, b3?");
}

TEST(NearestNameTest, IsSilentWhenNothingIsNear) {
  EXPECT_EQ(DidYouMean("quicksort", {"math", "numeric"}), "");
  EXPECT_EQ(DidYouMean(std::string(5000, 'x'), {"math"}), "");
}

}  // namespace
}  // namespace winnow::reward
