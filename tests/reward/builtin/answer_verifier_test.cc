#include "reward/builtin/answer_verifier.h"

#include <stdexcept>

#include "tests/reward/judging.h"

namespace winnow::reward {
namespace {

TEST(AnswerVerifierTest, AMissingAnswerIsScoredByDefault) {
  const Verdict verdict = Judge("numeric").Ask("5", "no idea");
  EXPECT_EQ(verdict.reward(), 0.0f);
  EXPECT_EQ(*verdict.FindPart("answered"), 0.0);
}

TEST(AnswerVerifierTest, NoAnswerMayPayOrMask) {
  EXPECT_EQ(Judge("numeric", {{"no_answer", "-0.5"}}).Reward("5", "no idea"), -0.5f);
  EXPECT_EQ(Judge("numeric", {{"no_answer", "invalid"}}).Ask("5", "no idea").kind(),
            VerdictKind::kInvalid);
  EXPECT_EQ(MistakeOf("numeric", {{"no_answer", "nothing"}}),
            "reward.no_answer must be a number: \"nothing\"");
}

TEST(AnswerVerifierTest, FaultsOfTheDataAreInvalid) {
  Judge judge("numeric");
  EXPECT_EQ(judge.Ask("", "5").ToString(), "invalid: the row has no reference");
  EXPECT_EQ(judge.Ask(" \n", "5").kind(), VerdictKind::kInvalid);
  EXPECT_EQ(judge.Ask("about a dozen", "5").ToString(), "invalid: the reference is not a number");
  EXPECT_EQ(judge.Ask({.response = "5", .reference = "5", .finish = FinishReason::kError}).kind(),
            VerdictKind::kInvalid);
}

TEST(AnswerVerifierTest, ACutResponseIsJudgedByWhatIsThere) {
  Judge judge("numeric");
  EXPECT_EQ(
      judge.Ask({.response = "so 5", .reference = "5", .finish = FinishReason::kLength}).reward(),
      1.0f);
}

TEST(AnswerVerifierTest, ThinkingMayBeOpenedByThePrompt) {
  Judge judge("numeric", {{"thinking", "open"}});
  EXPECT_EQ(judge.Answered("5", "\\boxed{5}"), 0.0);
  EXPECT_EQ(judge.Reward("5", "3 + 2</think>\\boxed{5}"), 1.0f);
}

TEST(AnswerVerifierTest, AnswersBeyondTheLimitAreNone) {
  Judge judge("exact");
  EXPECT_EQ(judge.Answered("x", std::string(4097, 'x')), 0.0);
  EXPECT_EQ(judge.Answered("x", std::string(4096, 'x')), 1.0);
}

TEST(AnswerVerifierTest, AnExceptionIsAnErrorOfItsSample) {
  class Throwing final : public AnswerVerifier {
   public:
    using AnswerVerifier::AnswerVerifier;

   private:
    Verdict Judge(const Sample&, std::string_view text) const override {
      if (text == "b") throw std::runtime_error("boom");
      return Answered(1.0);
    }
  };
  Throwing verifier(Traits{.name = "throwing"}, AnswerOptions{});
  const Sample samples[] = {{.response = "a", .reference = "r"},
                            {.response = "b", .reference = "r"}};
  Verdict out[2];
  verifier.Verify(samples, Deadline::Never(), out);
  EXPECT_TRUE(out[0].is_scored());
  EXPECT_EQ(out[1].ToString(), "error: boom");
}

}  // namespace
}  // namespace winnow::reward
