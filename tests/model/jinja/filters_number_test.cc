#include <gtest/gtest.h>

#include "tests/model/jinja/rendering.h"

namespace winnow::model::jinja {
namespace {

TEST(NumberFiltersTest, ReadsNumbersAsPython) {
  EXPECT_EQ(Print("'42'|int, ' 7 '|int, '1_0'|int, '3.7'|int, 'x'|int, 'x'|int(5), ''|int"),
            "(42, 7, 10, 3, 0, 5, 0)");
  EXPECT_EQ(Print("'1.5'|float, 'x'|float, '1e3'|float, '0x1f'|float, 3|float"),
            "(1.5, 0.0, 1000.0, 0.0, 3.0)");
  EXPECT_EQ(Print("'99999999999999999999'|int"), "1: integer does not fit 64 bits");
}

TEST(NumberFiltersTest, Rounds) {
  EXPECT_EQ(Print("2.5|round, 3.5|round, 2.675|round(2), 7|round, 2.1|round(0, 'ceil'), "
                  "125.0|round(-1)"),
            "(2.0, 4.0, 2.67, 7, 3.0, 120.0)");
  EXPECT_EQ(Print("1|round(0, 'up')"), "1: method must be common, ceil or floor");
}

TEST(NumberFiltersTest, ReplacesWhatIsMissing) {
  EXPECT_EQ(Print("x|default('d'), ''|d('d'), ''|default('d', true), none|default('d')"),
            "('d', '', 'd', None)");
}

TEST(NumberFiltersTest, TakesMagnitudes) { EXPECT_EQ(Print("-3|abs, (-2.5)|abs"), "(3, 2.5)"); }

}  // namespace
}  // namespace winnow::model::jinja
