#include "base/check.h"

#include <gtest/gtest.h>

namespace winnow {
namespace {

TEST(CheckDeathTest, PrintsBothValues) {
  EXPECT_DEATH(WINNOW_CHECK_LT(3, 2), "check failed: 3 < 2: 3 vs 2");
  EXPECT_DEATH(WINNOW_CHECK(1 == 2), "check failed: 1 == 2");
}

TEST(CheckTest, PassesWhatHolds) {
  WINNOW_CHECK_EQ(2 + 2, 4);
  WINNOW_CHECK_GE(2, 2);
}

}  // namespace
}  // namespace winnow
