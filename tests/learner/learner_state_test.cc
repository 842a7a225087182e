#include "learner/learner_state.h"

#include "gtest/gtest.h"

namespace winnow::learner {
namespace {

TEST(LearnerStateTest, ComesBackBitForBit) {
  const LearnerState state = {
      .num_updates = 123456789012345, .kl_coef = 0.1 + 1e-17 + 1.0 / 3, .skipped_in_a_row = 2};
  const LearnerState read = ReadLearnerState(WriteLearnerState(state)).value();
  EXPECT_EQ(read.num_updates, state.num_updates);
  EXPECT_EQ(read.kl_coef, state.kl_coef);
  EXPECT_EQ(read.skipped_in_a_row, state.skipped_in_a_row);
}

TEST(LearnerStateTest, AnythingElseIsDataLoss) {
  for (const char* text : {"", "{}", "[1]", R"({"format":"winnow-learner/2","num_updates":1})",
                           R"({"format":"winnow-learner/1","num_updates":-1,"kl_coef":0,)"
                           R"("skipped_in_a_row":0})"}) {
    EXPECT_EQ(ReadLearnerState(text).status().code(), StatusCode::kDataLoss) << text;
  }
}

}  // namespace
}  // namespace winnow::learner
