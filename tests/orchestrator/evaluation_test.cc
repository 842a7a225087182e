#include "orchestrator/evaluation.h"

#include <gtest/gtest.h>

namespace winnow::orchestrator {
namespace {

JudgedSample Right(std::string answer = "1") {
  return {.scored = true, .correct = true, .reward = 1, .answer = std::move(answer)};
}
JudgedSample Wrong(std::string answer = "2") {
  return {.scored = true, .correct = false, .reward = 0, .answer = std::move(answer)};
}
JudgedSample Unknown() { return {}; }

TEST(EvaluationTest, PassAtKCountsSubsetsWithARightSample) {
  // n = 4, c = 1: of the 6 pairs, 3 hold the right one.
  const std::vector<std::vector<JudgedSample>> prompts = {{Wrong(), Right(), Wrong(), Wrong()}};
  const EvaluationResult result = Evaluate(prompts, 4);
  EXPECT_DOUBLE_EQ(result.pass_at_k.at(1), 0.25);
  EXPECT_DOUBLE_EQ(result.pass_at_k.at(2), 0.5);
  EXPECT_DOUBLE_EQ(result.pass_at_k.at(4), 1.0);
  EXPECT_DOUBLE_EQ(*result.accuracy, 0.25);
}

TEST(EvaluationTest, MajorityTakesTheFirstAnswerOfATie) {
  const std::vector<std::vector<JudgedSample>> prompts = {
      {Right(), Wrong()},                // tie: the right one came first
      {Wrong(), Right()},                // tie: the wrong one came first
      {Wrong("3"), Right(), Right()},    // two of three
      {Wrong(""), Wrong(""), Right()}};  // no answer, no vote
  EXPECT_DOUBLE_EQ(Evaluate(std::span(prompts).first(2), 2).maj_at_k.at(2), 0.5);
  EXPECT_DOUBLE_EQ(Evaluate(std::span(prompts).subspan(2), 3).maj_at_k.at(3), 1.0);
}

TEST(EvaluationTest, UnknownSamplesAreCountedAndNeverWrong) {
  const std::vector<std::vector<JudgedSample>> prompts = {{Right(), Unknown()},
                                                          {Unknown(), Unknown()}};
  const EvaluationResult result = Evaluate(prompts, 2);
  EXPECT_EQ(result.unknown, 3u);
  EXPECT_DOUBLE_EQ(*result.accuracy, 1.0);
  EXPECT_EQ(result.pass_at_k.count(2), 0u);  // no prompt has two scored samples
}

TEST(EvaluationTest, NothingScoredHasNoAccuracy) {
  const std::vector<std::vector<JudgedSample>> prompts = {{Unknown()}};
  EXPECT_FALSE(Evaluate(prompts, 1).accuracy.has_value());
  EXPECT_FALSE(Evaluate({}, 1).accuracy.has_value());
}

}  // namespace
}  // namespace winnow::orchestrator
