#include "tests/reward/judging.h"

namespace winnow::reward {
namespace {

TEST(MathTest, ReadsTheAnswerFromProse) {
  Judge judge("math");
  EXPECT_EQ(judge.Reward("\\frac{1}{2}", "So it is \\boxed{0.5}."), 1.0f);
  EXPECT_EQ(judge.Reward("$x > 2$", "The answer is $(2, \\infty)$"), 1.0f);
  EXPECT_EQ(judge.Reward("2\\sqrt{3}", "The answer is 3."), 0.0f);
  EXPECT_EQ(judge.Reward("2\\sqrt{3}", "\\boxed{\\sqrt{12}}"), 1.0f);
  EXPECT_EQ(judge.Answered("5", "I do not know."), 0.0);
}

TEST(MathTest, OptionsChangeWhatIsEqual) {
  EXPECT_EQ(Judge("math").Reward("25", "\\boxed{25\\%}"), 1.0f);
  EXPECT_EQ(Judge("math", {{"percent", "value"}}).Reward("25", "\\boxed{25\\%}"), 0.0f);
  EXPECT_EQ(Judge("math").Reward("5\\text{ m}", "\\boxed{5}"), 1.0f);
  Judge units("math", {{"units", "require"}});
  EXPECT_EQ(units.Reward("5\\text{ m}", "\\boxed{5}"), 0.0f);
  EXPECT_EQ(units.Reward("5\\text{ m}", "\\boxed{500\\text{ cm}}"), 1.0f);
  EXPECT_EQ(units.Reward("5\\text{ m}", "\\boxed{5\\text{ kg}}"), 0.0f);
  EXPECT_EQ(Judge("math").Reward("1, 2", "\\boxed{2, 1}"), 1.0f);
  EXPECT_EQ(Judge("math", {{"ordered", "true"}}).Reward("1, 2", "\\boxed{2, 1}"), 0.0f);
  EXPECT_EQ(Judge("math").Reward("\\pi", "\\boxed{3.14}"), 0.0f);
  EXPECT_EQ(Judge("math", {{"rel", "0.01"}}).Reward("\\pi", "\\boxed{3.14}"), 1.0f);
}

TEST(MathTest, AReferenceThatIsTooLargeIsInvalid) {
  std::string deep = "\\boxed{";
  for (int i = 0; i < 200; ++i) deep += "\\frac{1}{";
  deep += "2";
  for (int i = 0; i < 200; ++i) deep += "}";
  EXPECT_EQ(Judge("math").Ask(deep + "}", "5").kind(), VerdictKind::kInvalid);
  EXPECT_EQ(Judge("math").Answered("5", deep + "}"), 0.0);
}

}  // namespace
}  // namespace winnow::reward
