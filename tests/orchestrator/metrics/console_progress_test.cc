#include "orchestrator/metrics/console_progress.h"

#include <gtest/gtest.h>

#include <sstream>

namespace winnow::orchestrator {
namespace {

const Progress kMiddle{.step = 12,
                       .total_steps = 200,
                       .steps_done = 10,
                       .elapsed_s = 12.5,
                       .reward_mean = 0.41249,
                       .accuracy = 0.43,
                       .rollouts = 3072,
                       .rollouts_saved = 1024};

TEST(ConsoleProgressTest, ALineSaysStepRateEtaRewardAccuracyAndRolloutsSaved) {
  EXPECT_EQ(FormatProgress(kMiddle),
            "step 12/200 | 1.25 s/step | ETA 3:55 | reward 0.412 | accuracy 0.430 | rollouts 3072 "
            "| saved 1024 (25%)");
}

TEST(ConsoleProgressTest, WhatIsNotKnownIsLeftOut) {
  EXPECT_EQ(FormatProgress({.step = 0, .rollouts = 0}), "step 0");
  EXPECT_EQ(FormatProgress({.step = 4, .steps_done = 4, .elapsed_s = 2, .rollouts = 8}),
            "step 4 | 2.00 steps/s | rollouts 8");
}

TEST(ConsoleProgressTest, DurationsHaveHoursOnlyWhenThereAreAny) {
  EXPECT_EQ(FormatDuration(0), "0:00");
  EXPECT_EQ(FormatDuration(65.4), "1:05");
  EXPECT_EQ(FormatDuration(3723), "1:02:03");
}

TEST(ConsoleProgressTest, OnATerminalOneLineIsRewritten) {
  std::ostringstream out;
  ConsoleProgress console(&out, /*is_terminal=*/true);
  console.Show({.step = 1, .rollouts = 8});
  console.Show({.step = 2, .rollouts = 16});
  console.Message("a warning");
  console.Finish();
  EXPECT_EQ(out.str(),
            "\rstep 1 | rollouts 8\x1b[K\rstep 2 | rollouts 16\x1b[K"
            "\ra warning\x1b[K\n\rstep 2 | rollouts 16\x1b[K\n");
}

TEST(ConsoleProgressTest, ElsewhereLinesArePlainAndFiveSecondsApart) {
  std::ostringstream out;
  ConsoleProgress console(&out, /*is_terminal=*/false);
  const auto show = [&console](uint64_t step, double elapsed_s) {
    console.Show({.step = step, .total_steps = 4, .elapsed_s = elapsed_s});
  };
  show(1, 1);
  console.Message("a warning");
  show(2, 5);
  show(3, 6);
  show(4, 7);  // the last one is always shown
  console.Finish();
  EXPECT_EQ(out.str(), "step 1/4\na warning\nstep 3/4\nstep 4/4\n");
}

}  // namespace
}  // namespace winnow::orchestrator
