#include "model/unicode_case.h"

#include <gtest/gtest.h>

namespace winnow::model {
namespace {

TEST(UnicodeCaseTest, MapsOneLetterToSeveral) {
  EXPECT_EQ(ToUpper("stra\u00DFe \uFB01"), "STRASSE FI");
  EXPECT_EQ(ToLower("\u0130"), "i\u0307");
  EXPECT_EQ(ToTitle("\uFB01x \u01C6"), "Fix \u01C5");
}

TEST(UnicodeCaseTest, EndsWordsWithFinalSigma) {
  EXPECT_EQ(ToLower("\u039F\u0394\u03A3 \u03A3\u03A9"), "\u03BF\u03B4\u03C2 \u03C3\u03C9");
  EXPECT_EQ(ToLower("\u03A3"), "\u03C3");
}

TEST(UnicodeCaseTest, FollowsPythonForWords) {
  EXPECT_EQ(ToTitle("they're bill's"), "They'Re Bill'S");
  EXPECT_EQ(Capitalize("hELLO World"), "Hello world");
  EXPECT_EQ(SwapCase("aB1\u00C9"), "Ab1\u00E9");
}

TEST(UnicodeCaseTest, JudgesWholeTexts) {
  EXPECT_TRUE(IsUpperText("A1!"));
  EXPECT_FALSE(IsUpperText("1!"));
  EXPECT_FALSE(IsUpperText("Aa"));
  EXPECT_TRUE(IsLowerText("a1"));
  EXPECT_FALSE(IsLowerText(""));
}

}  // namespace
}  // namespace winnow::model
