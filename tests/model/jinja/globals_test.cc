#include "model/jinja/globals.h"

#include <gtest/gtest.h>

#include "tests/model/jinja/rendering.h"

namespace winnow::model::jinja {
namespace {

TEST(GlobalsTest, CountsInRanges) {
  EXPECT_EQ(Print("range(3) | list, range(5, 0, -2) | list, range(2, 1) | list"),
            "([0, 1, 2], [5, 3, 1], [])");
  EXPECT_EQ(Print("range(1, 3)"), "range(1, 3)");
  EXPECT_EQ(Print("range(100001)"), "1: range may have at most 100000 items");
  EXPECT_EQ(Print("range(9223372036854775806, 9223372036854775807, 5) | length"), "1");
}

TEST(GlobalsTest, MakesDictsAndNamespaces) {
  EXPECT_EQ(Print("dict(a=1, b=2), dict([('x', 1)]), dict({'k': 1}, k=2)"),
            "({'a': 1, 'b': 2}, {'x': 1}, {'k': 2})");
  EXPECT_EQ(RenderText("{% set ns = namespace(a=1) %}{% set ns.b = ns.a + 1 %}{{ ns.b }}"), "2");
}

TEST(GlobalsTest, RaisesWithTheTextGiven) {
  EXPECT_EQ(RenderText("\n{{ raise_exception('no ' ~ 1) }}"), "raised: no 1");
}

TEST(GlobalsTest, TellsTheTimeItIsGiven) {
  EXPECT_EQ(Print("strftime_now('%d %b %Y %H:%M:%S')"), "14 Nov 2023 22:13:20");
  EXPECT_EQ(Print("strftime_now('')"), "");
  EXPECT_EQ(Print("strftime_now('%99999d')"), "1: strftime_now: the result is too long");
}

}  // namespace
}  // namespace winnow::model::jinja
