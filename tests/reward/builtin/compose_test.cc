#include "tests/reward/judging.h"

namespace winnow::reward {
namespace {

TEST(ComposeTest, AddsWeightedParts) {
  Judge judge("compose", {{"weights", R"({"numeric":1,"format":0.5})"}});
  const Verdict verdict = judge.Ask("5", "<think>a</think><answer>5</answer>");
  EXPECT_EQ(verdict.reward(), 1.5f);
  EXPECT_EQ(*verdict.FindPart("numeric.reward"), 1.0);
  EXPECT_EQ(*verdict.FindPart("format.reward"), 1.0);
  EXPECT_EQ(*verdict.FindPart("numeric.answered"), 1.0);
  EXPECT_EQ(judge.Reward("5", "5"), 1.0f);
  EXPECT_EQ(judge.traits().range.max, 1.5f);
}

TEST(ComposeTest, PartsHaveOptionsAndNamesOfTheirOwn) {
  Judge judge("compose", {{"weights", "near: 1, far: 0.25"},
                          {"near.verifier", "numeric"},
                          {"near.abs", "0.1"},
                          {"far.verifier", "numeric"},
                          {"far.abs", "10.5"},
                          {"extract", "boxed"}});
  EXPECT_EQ(judge.Reward("5", "\\boxed{5.05}"), 1.25f);
  EXPECT_EQ(judge.Reward("5", "\\boxed{15.4}"), 0.25f);
  EXPECT_EQ(judge.Reward("5", "5"), 0.0f);  // shared: boxed
}

TEST(ComposeTest, AFailedGateGivesTheFloorAndSkipsTheRest) {
  Judge judge("compose", {{"weights", "numeric: 1"}, {"gate", "format"}, {"floor", "-0.5"}});
  const Verdict failed = judge.Ask("5", "5");
  EXPECT_EQ(failed.reward(), -0.5f);
  EXPECT_EQ(failed.FindPart("numeric.reward"), nullptr);
  EXPECT_EQ(judge.Reward("5", "<think></think><answer>5</answer>"), 1.0f);
  EXPECT_EQ(judge.Reward("5", "<think></think><answer>6</answer>"), 0.0f);
}

TEST(ComposeTest, MayTakeTheLeast) {
  Judge judge("compose", {{"weights", "numeric: 1, format: 1"}, {"combine", "min"}});
  EXPECT_EQ(judge.Reward("5", "5"), 0.0f);
  EXPECT_EQ(judge.Reward("5", "<think></think><answer>5</answer>"), 1.0f);
}

TEST(ComposeTest, RoutesByDataSource) {
  Judge judge("compose",
              {{"by", "data_source"}, {"routes", R"({"gsm8k":"numeric","words":"exact"})"}});
  EXPECT_EQ(judge.Ask({.data_source = "gsm8k", .response = "so 5", .reference = "5"}).reward(),
            1.0f);
  EXPECT_EQ(judge.Ask({.data_source = "words", .response = "so 5", .reference = "5"}).reward(),
            0.0f);
  EXPECT_EQ(judge.Ask({.data_source = "other", .response = "5", .reference = "5"}).ToString(),
            "invalid: no verifier for data source \"other\"");
  Judge fallback("compose",
                 {{"by", "data_source"}, {"routes", "words: exact"}, {"default", "numeric"}});
  EXPECT_EQ(fallback.Ask({.data_source = "other", .response = "so 5", .reference = "5"}).reward(),
            1.0f);
}

TEST(ComposeTest, AnInvalidPartIsLeftOut) {
  Judge judge("compose", {{"weights", "countdown: 1, numeric: 1"}});
  EXPECT_EQ(judge.Ask("5", "5", "{}").reward(), 1.0f);  // the row holds no countdown
  EXPECT_EQ(judge.Ask("no number", "5", "{}").kind(), VerdictKind::kInvalid);
}

TEST(ComposeTest, NeedsAReferenceIfAPartDoes) {
  EXPECT_TRUE(Judge("compose", {{"weights", "numeric: 1"}}).traits().needs_reference);
  EXPECT_FALSE(Judge("compose", {{"weights", "format: 1"}}).traits().needs_reference);
}

TEST(ComposeTest, MistakesNameTheKey) {
  EXPECT_EQ(MistakeOf("compose", {}), "reward.weights must be a map of verifiers to weights: \"\"");
  EXPECT_EQ(MistakeOf("compose", {{"weights", "numeric: 1"}, {"nuneric.abs", "1"}}),
            "reward.nuneric.abs must be an option of a part (NAME.OPTION): \"1\"");
  EXPECT_EQ(MistakeOf("compose", {{"weights", "numeric: 1"}, {"numeric.bas", "1"}}),
            "reward.numeric: reward.bas is not an option of verifier numeric; did you mean abs?");
  EXPECT_EQ(MistakeOf("compose", {{"weights", "compose: 1"}}),
            "reward.weights must not name compose itself");
}

}  // namespace
}  // namespace winnow::reward
