#include "learner/optim/schedule.h"

#include "gtest/gtest.h"

namespace winnow::learner {
namespace {

TEST(ScheduleTest, WarmUpDoesNotStartWithAnIdleStep) {
  const ScheduleOptions options = {.lr_warmup_steps = 4};
  EXPECT_EQ(ScheduleMultiplier(options, 0), 0.25);
  EXPECT_EQ(ScheduleMultiplier(options, 3), 1.0);
  EXPECT_EQ(ScheduleMultiplier(options, 300), 1.0);
  EXPECT_EQ(ScheduleMultiplier({.lr_warmup_steps = 4, .zero_indexed_step = true}, 0), 0.0);
}

TEST(ScheduleTest, ANegativeCountTakesTheRatioOfTheTotalRoundedDown) {
  const ScheduleOptions options = {.lr_warmup_steps_ratio = 0.25, .total_training_steps = 19};
  EXPECT_EQ(ScheduleMultiplier(options, 0), 0.25);
}

TEST(ScheduleTest, CosineFallsToItsFloorAtTheEnd) {
  const ScheduleOptions options = {.lr_scheduler_type = ScheduleOptions::Type::kCosine,
                                   .lr_warmup_steps = 0,
                                   .min_lr_ratio = 0.1,
                                   .total_training_steps = 10};
  EXPECT_NEAR(ScheduleMultiplier(options, 4), 0.55, 1e-12);
  EXPECT_NEAR(ScheduleMultiplier(options, 9), 0.1, 1e-12);
}

TEST(ScheduleTest, ATotalThatIsNeededMustBeKnown) {
  EXPECT_EQ(CheckSchedule({.lr_scheduler_type = ScheduleOptions::Type::kCosine}).message(),
            "learner.optim.lr_scheduler_type cosine needs trainer.total_training_steps: null");
  EXPECT_FALSE(CheckSchedule({.lr_warmup_steps_ratio = 0.1}).ok());
  EXPECT_TRUE(CheckSchedule({}).ok());
  EXPECT_EQ(ParseScheduleType("linear").status().message(),
            "learner.optim.lr_scheduler_type must be one of constant, cosine: \"linear\"");
}

}  // namespace
}  // namespace winnow::learner
