#include "reward/verdict.h"

#include <gtest/gtest.h>

#include <limits>

namespace winnow::reward {
namespace {

TEST(VerdictTest, DefaultIsAnErrorWithoutReward) {
  const Verdict verdict;
  EXPECT_EQ(verdict.kind(), VerdictKind::kError);
  EXPECT_EQ(verdict.reason(), "no verdict");
  EXPECT_TRUE(verdict.is_unknown());
  EXPECT_DEATH(verdict.reward(), "kScored");
}

TEST(VerdictTest, ScoredKeepsRewardAndParts) {
  const Verdict verdict = Verdict::Scored(0.5f, {{"answered", 1.0}});
  EXPECT_TRUE(verdict.is_scored());
  EXPECT_FALSE(verdict.is_unknown());
  EXPECT_EQ(verdict.reward(), 0.5f);
  EXPECT_EQ(*verdict.FindPart("answered"), 1.0);
  EXPECT_EQ(verdict.FindPart("other"), nullptr);
  EXPECT_EQ(verdict.ToString(), "scored 0.5 (answered=1)");
}

TEST(VerdictTest, RewardsThatAreNoRewardsAreErrors) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInf = std::numeric_limits<float>::infinity();
  for (float reward : {kNan, kInf, -kInf, 10.5f, -11.0f}) {
    EXPECT_EQ(Verdict::Scored(reward).kind(), VerdictKind::kError) << reward;
  }
  EXPECT_TRUE(Verdict::Scored(10.0f).is_scored());
  EXPECT_TRUE(Verdict::Scored(50.0f, {}, {0.0f, 100.0f}).is_scored());
  EXPECT_EQ(Verdict::Scored(-0.1f, {}, {0.0f, 1.0f}).reason(), "reward is outside [0, 1]: -0.1");
}

TEST(VerdictTest, RefusesBadParts) {
  EXPECT_EQ(Verdict::Scored(1, {{"Upper", 1}}).kind(), VerdictKind::kError);
  EXPECT_EQ(Verdict::Scored(1, {{"", 1}}).kind(), VerdictKind::kError);
  EXPECT_EQ(Verdict::Scored(1, {{std::string(49, 'a'), 1}}).kind(), VerdictKind::kError);
  EXPECT_EQ(Verdict::Scored(1, {{"a", std::numeric_limits<double>::quiet_NaN()}}).kind(),
            VerdictKind::kError);
  EXPECT_EQ(Verdict::Scored(1, Parts(17, {"a", 1})).kind(), VerdictKind::kError);
  EXPECT_TRUE(Verdict::Scored(1, Parts(16, {"a.b_1", 1})).is_scored());
}

TEST(VerdictTest, KindsWithoutRewardKeepTheirReason) {
  EXPECT_EQ(Verdict::Invalid("no reference").kind(), VerdictKind::kInvalid);
  EXPECT_FALSE(Verdict::Invalid("").is_unknown());
  EXPECT_TRUE(Verdict::Timeout("10 s").is_unknown());
  EXPECT_EQ(Verdict::Timeout("10 s").ToString(), "timeout: 10 s");
}

TEST(VerdictTest, ReasonsAreShortPrintableUtf8) {
  EXPECT_EQ(CleanReason("a\nb\t\x07\x7F"), "a\\nb\\t\\x07\\x7f");
  EXPECT_EQ(CleanReason(std::string_view("\0x", 2)), "\\x00x");
  EXPECT_EQ(CleanReason("caf\xC3\xA9 \xFF\xC3"), "caf\xC3\xA9 \xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(CleanReason("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // surrogate
  EXPECT_EQ(CleanReason("\xC2\x85"), "\xEF\xBF\xBD");                              // C1 control
  std::string umlauts;
  for (int i = 0; i < 200; ++i) umlauts += "\xC3\xA4";
  EXPECT_EQ(CleanReason("x" + umlauts).size(), 255u);  // no half character
  EXPECT_EQ(CleanReason(std::string(1000, '\n')).size(), 256u);
}

TEST(VerdictTest, ProvenanceDoesNotChangeTheJudgement) {
  const Verdict verdict = Verdict::Scored(1.0f, {{"answered", 1.0}});
  Verdict copy = verdict;
  copy = std::move(copy).WithProvenance({.verifier = "math", .version = "1", .attempt = 2});
  EXPECT_EQ(copy.provenance().attempt, 2u);
  EXPECT_TRUE(copy.SameJudgement(verdict));
  EXPECT_FALSE(copy.SameJudgement(Verdict::Scored(0.0f, {{"answered", 1.0}})));
}

}  // namespace
}  // namespace winnow::reward
