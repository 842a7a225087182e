#include "tests/reward/judging.h"

namespace winnow::reward {
namespace {

TEST(NumberListTest, ReadsBracketsQuotesAndCommas) {
  Judge judge("number_list");
  const char* const kReference = "['-26.43', '-22.3', '45.7', '53.63']";
  for (const char* text : {"['-26.43', '-22.3', '45.7', '53.63']", "[-26.43, -22.30, 45.7, 53.63]",
                           "-26.43, -22.3, 45.7, 53.63", "\\boxed{[-26.43, -22.3, 45.7, 53.63]}",
                           "[\"-26.43\", \"-22.3\", \"45.7\", \"53.63\"]",
                           "Sorted:\n['-26.43', '-22.3', '45.7', '53.63']",
                           "The list ['-26.43', '-22.3', '45.7', '53.63'] is sorted now."}) {
    EXPECT_EQ(judge.Reward(kReference, text), 1.0f) << text;
  }
}

TEST(NumberListTest, LengthOrderAndValuesCount) {
  Judge judge("number_list");
  for (const char* text : {"[1, 2]", "[1, 2, 3, 4]", "[3, 2, 1]", "[1, 2, 3.0001]", "[1, 2, x]",
                           "[1,, 3]", "[1, 2, 3,]", "1 2 3", ""}) {
    EXPECT_EQ(judge.Reward("[1, 2, 3]", text), 0.0f) << text;
  }
  EXPECT_EQ(judge.Reward("['34']", "[34.0]"), 1.0f);
}

TEST(NumberListTest, AReferenceThatIsNoListIsInvalid) {
  EXPECT_EQ(Judge("number_list").Ask("[a, b]", "[1]").kind(), VerdictKind::kInvalid);
}

}  // namespace
}  // namespace winnow::reward
