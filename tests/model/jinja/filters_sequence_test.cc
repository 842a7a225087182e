#include <gtest/gtest.h>

#include "tests/model/jinja/rendering.h"

namespace winnow::model::jinja {
namespace {

TEST(SequenceFiltersTest, TakesItems) {
  EXPECT_EQ(Print("[1, 2]|first, [1, 2]|last, 'ab'|list, {'a': 1}|list, 'ab'|length"),
            "(1, 2, ['a', 'b'], ['a'], 2)");
  EXPECT_EQ(Print("[]|first is defined"), "False");
  EXPECT_EQ(Print("5|list"), "1: 'int' object is not iterable");
}

TEST(SequenceFiltersTest, Joins) {
  EXPECT_EQ(Print("[1, 'a', none]|join('-')"), "1-a-None");
  EXPECT_EQ(Print("[{'k': 1}, {'k': 2}]|join(',', attribute='k')"), "1,2");
}

TEST(SequenceFiltersTest, ReversesAndPairs) {
  EXPECT_EQ(Print("'a\u00E9'|reverse ~ ([1, 2]|reverse|list) ~ ({'a': 1}|items|list)"),
            "\u00E9a[2, 1][('a', 1)]");
}

TEST(SequenceFiltersTest, MakesRowsAndColumns) {
  EXPECT_EQ(Print("[1, 2, 3]|batch(2)|list, [1, 2, 3]|batch(2, 0)|list"),
            "([[1, 2], [3]], [[1, 2], [3, 0]])");
  EXPECT_EQ(Print("[1, 2, 3]|slice(2)|list, [1, 2, 3]|slice(2, 0)|list"),
            "([[1, 2], [3]], [[1, 2], [3, 0]])");
}

}  // namespace
}  // namespace winnow::model::jinja
