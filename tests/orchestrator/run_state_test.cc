#include "orchestrator/run_state.h"

#include <gtest/gtest.h>

namespace winnow::orchestrator {
namespace {

RunState Example() {
  RunState state;
  state.step = 12;
  state.version = PolicyVersion(11);
  state.updates_step = 11;
  state.rollouts = 3072;
  state.response_tokens = 99;
  state.prompts_skipped = 7;
  state.wall_seconds = 0.1;
  state.max_logp_mismatch = 1e-300;
  state.accuracy_before = 1.0 / 3;
  state.accuracy_last_version = 10;
  state.planner = "{\"a\":1}";
  state.learner = "x\ny";
  state.data_digest = "d";
  state.tokenizer_digest = "t";
  state.arithmetic = "bf16_tile";
  state.hist_records = 5;
  return state;
}

TEST(RunStateTest, ReadsBackWhatItWrote) {
  const std::string text = EncodeRunState(Example());
  const auto state = DecodeRunState(text);
  ASSERT_TRUE(state.ok()) << state.status().ToString();
  EXPECT_EQ(EncodeRunState(*state), text);
  EXPECT_EQ(state->accuracy_before, 1.0 / 3);
  EXPECT_FALSE(state->accuracy_last.has_value());
  EXPECT_EQ(state->version, PolicyVersion(11));
  EXPECT_EQ(state->learner, "x\ny");
}

TEST(RunStateTest, RefusesDamageAndOtherFormats) {
  EXPECT_EQ(DecodeRunState("").status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(DecodeRunState("[1]").status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(DecodeRunState(R"({"format":"winnow-run-state/9"})").status().code(),
            StatusCode::kDataLoss);
  EXPECT_EQ(DecodeRunState(R"({"format":"winnow-run-state/1","step":1})").status().code(),
            StatusCode::kDataLoss);
  std::string text = EncodeRunState(Example());
  text.replace(text.find("12"), 2, "-1");
  EXPECT_FALSE(DecodeRunState("{" + text).ok());
}

}  // namespace
}  // namespace winnow::orchestrator
