#include "store/history_rule.h"

#include <gtest/gtest.h>

namespace winnow::store {
namespace {

HistoryRule Example() {
  HistoryRule rule;
  rule.classify = {.tolerance = 1e-6, .midpoint = 0.1, .n = 8};
  rule.metric = "accuracy";
  rule.mopps = {
      .lambda = 0.3, .prior_alpha = 1.5, .prior_beta = 2, .reward_min = -1, .reward_max = 1};
  return rule;
}

TEST(HistoryRuleTest, SurvivesARoundTripBitForBit) {
  EXPECT_EQ(DecodeRule(EncodeRule(Example())).value(), Example());
}

TEST(HistoryRuleTest, RefusesWhatIsNoRule) {
  for (const char* text : {"", "{", "{}", "[]", R"({"n": "eight"})"}) {
    EXPECT_EQ(DecodeRule(text).status().code(), StatusCode::kDataLoss) << text;
  }
}

TEST(HistoryRuleTest, NamesTheKeyThatDiffersAndBothValues) {
  HistoryRule other = Example();
  EXPECT_TRUE(CheckSameRule(Example(), other).ok());
  other.mopps.lambda = 1;
  EXPECT_TRUE(CheckSameRule(Example(), other).ok());
  other.classify.midpoint = 0.5;
  EXPECT_EQ(CheckSameRule(Example(), other).message(),
            "history: filter.midpoint must be the store's, or filter.reset_history true: store "
            "0.1, config 0.5");
  other = Example();
  other.classify.n = 16;
  EXPECT_EQ(CheckSameRule(Example(), other).message(),
            "history: rollout.n must be the store's, or filter.reset_history true: store 8, "
            "config 16");
  other = Example();
  other.metric = "reward";
  EXPECT_EQ(CheckSameRule(Example(), other).code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace winnow::store
