#include "base/clock.h"

#include <gtest/gtest.h>

namespace winnow {
namespace {

TEST(ClockTest, MonotonicNeverStepsBack) {
  double last = MonotonicSeconds();
  for (int i = 0; i < 1000; ++i) {
    const double now = MonotonicSeconds();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(ClockTest, WallIsAfterThisFileWasWritten) { EXPECT_GT(WallSeconds(), 1'700'000'000); }

}  // namespace
}  // namespace winnow
