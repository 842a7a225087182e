#include "base/status.h"

#include <gtest/gtest.h>

#include <memory>

namespace winnow {
namespace {

Result<int> Half(int x) {
  if (x % 2 != 0) return InvalidArgument("x must be even: " + std::to_string(x));
  return x / 2;
}

Result<int> Quarter(int x) {
  WINNOW_ASSIGN_OR_RETURN(const int half, Half(x));
  WINNOW_ASSIGN_OR_RETURN(const int quarter, Half(half));
  return quarter;
}

TEST(StatusTest, PassesErrorsOn) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(6).status().ToString(), "INVALID_ARGUMENT: x must be even: 3");
}

TEST(StatusTest, PrefixesErrorsOnly) {
  EXPECT_TRUE(OkStatus().WithPrefix("a").ok());
  EXPECT_EQ(NotFound("b").WithPrefix("a").message(), "a: b");
}

TEST(StatusTest, MapsToExitCodes) {
  EXPECT_EQ(ExitCodeFor(OkStatus()), 0);
  EXPECT_EQ(ExitCodeFor(InvalidArgument("")), 2);
  EXPECT_EQ(ExitCodeFor(Unavailable("")), 75);
  EXPECT_EQ(ExitCodeFor(DataLoss("")), 42);
}

TEST(StatusTest, ResultHoldsMoveOnlyValues) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(3);
  EXPECT_EQ(*std::move(result).value(), 3);
}

TEST(StatusDeathTest, ValueOfAnErrorAborts) { EXPECT_DEATH((void)*Half(1), "must be even"); }

}  // namespace
}  // namespace winnow
