#include "model/jinja/value_tests.h"

#include <gtest/gtest.h>

#include "tests/model/jinja/rendering.h"

namespace winnow::model::jinja {
namespace {

TEST(ValueTestsTest, JudgeAsJinja) {
  EXPECT_EQ(Print("[x is defined, 1 is number, true is number, true is integer, 'a' is string, "
                  "{} is mapping, 'a' is sequence, 1 is iterable, none is none, 'A' is upper]"),
            "[False, True, True, False, True, True, True, False, True, True]");
  EXPECT_EQ(
      Print("[4 is even, 4 is odd, 4 is divisibleby(2), 1 is in [1], 2 is gt 1, 'a' is eq 'a', "
            "1 is true, true is true, [] is sameas none, range is callable]"),
      "[True, False, True, True, True, True, False, True, False, True]");
}

TEST(ValueTestsTest, AreFoundByName) {
  EXPECT_NE(FindTest("defined"), nullptr);
  EXPECT_NE(FindTest("=="), nullptr);
  EXPECT_EQ(FindTest("nope"), nullptr);
}

TEST(ValueTestsTest, TakeTheirArguments) {
  EXPECT_EQ(Print("1 is defined(2)"), "1: test takes at most 0 arguments, found 1");
  EXPECT_EQ(Print("1 is divisibleby"), "1: divisibleby needs argument 'num'");
}

}  // namespace
}  // namespace winnow::model::jinja
