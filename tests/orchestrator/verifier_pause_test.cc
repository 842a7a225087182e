#include "orchestrator/verifier_pause.h"

#include <gtest/gtest.h>

#include <vector>

namespace winnow::orchestrator {
namespace {

// A world whose clock moves only in sleep, and whose verifier is good from a time on.
class PauseTest : public testing::Test {
 protected:
  PauseTest() {
    while (window_.state() != reward::WindowState::kPause) window_.Add(VerdictKind::kTimeout);
  }

  Status Wait(double good_from_s, double stop_at_s = 1e9) {
    const PauseHooks hooks{.retry =
                               [=, this](size_t held) {
                                 retried_.push_back(held);
                                 return now_s_ - 1000 >= good_from_s ? VerdictKind::kScored
                                                                     : VerdictKind::kError;
                               },
                           .sleep = [this](double seconds) { now_s_ += seconds; },
                           .now = [this] { return now_s_; },
                           .must_stop = [=, this] { return now_s_ - 1000 >= stop_at_s; }};
    return WaitForVerifier({.limit_s = 100, .retry_every_s = 5}, hooks, /*num_held=*/3, "26 failed",
                           &window_);
  }

  reward::VerdictWindow window_;
  std::vector<size_t> retried_;
  double now_s_ = 1000;
};

TEST_F(PauseTest, WorkResumesAfterEightGoodRetries) {
  EXPECT_TRUE(Wait(/*good_from_s=*/20).ok());
  EXPECT_EQ(window_.state(), reward::WindowState::kGood);
  // Bad at 5, 10 and 15 s, good from 20 s to 55 s.
  EXPECT_EQ(now_s_, 1055);
  EXPECT_EQ(retried_, (std::vector<size_t>{0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1}));
}

TEST_F(PauseTest, TheLimitEndsTheRun) {
  const Status status = Wait(/*good_from_s=*/1e9);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(status.message(),
            "26 failed; it did not come back within reward.pause_limit_s = 100 s");
  EXPECT_EQ(now_s_, 1100);
}

TEST_F(PauseTest, ASignalEndsThePause) {
  const Status status = Wait(/*good_from_s=*/1e9, /*stop_at_s=*/12);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "26 failed; stopped by a signal, start again to go on");
  EXPECT_EQ(now_s_, 1015);
}

}  // namespace
}  // namespace winnow::orchestrator
