#include "reward/math/words.h"

#include <gtest/gtest.h>

namespace winnow::reward::math {
namespace {

TEST(WordsTest, KnowsFunctionsGreekAndConjunctions) {
  EXPECT_TRUE(IsFunction("arctan"));
  EXPECT_FALSE(IsFunction("pi"));
  EXPECT_TRUE(IsGreek("theta"));
  EXPECT_FALSE(IsGreek("frac"));
  EXPECT_TRUE(IsConjunction("or"));
  EXPECT_FALSE(IsConjunction("x"));
}

TEST(WordsTest, SplitsProductsOfVariablesButNoWords) {
  using Letters = std::vector<std::string>;
  EXPECT_EQ(SplitLetters("xz"), (Letters{"x", "z"}));
  EXPECT_EQ(SplitLetters("abc"), (Letters{"a", "b", "c"}));
  EXPECT_EQ(SplitLetters("odd"), (Letters{"odd"}));
  EXPECT_EQ(SplitLetters("no"), (Letters{"no"}));
  EXPECT_EQ(SplitLetters("yes"), (Letters{"yes"}));
}

}  // namespace
}  // namespace winnow::reward::math
