#include <gtest/gtest.h>

#include "tests/model/jinja/rendering.h"

namespace winnow::model::jinja {
namespace {

constexpr char kRows[] =
    R"({"rows": [{"k": "b", "v": 1}, {"k": "A", "v": 0}, {"k": "a", "v": 3}, {"v": 2}]})";

TEST(SelectionFiltersTest, Maps) {
  EXPECT_EQ(Print("rows|map(attribute='k', default='-')|list", kRows), "['b', 'A', 'a', '-']");
  EXPECT_EQ(Print("['a', 'b']|map('replace', 'a', 'z')|list"), "['z', 'b']");
  EXPECT_EQ(Print("['a']|map('nope')|list"), "1: filter `nope` is not supported");
}

TEST(SelectionFiltersTest, Selects) {
  EXPECT_EQ(Print("[0, 1, 2, 3]|select|list, [1, 2, 3]|select('odd')|list, "
                  "[1, 2]|reject('gt', 1)|list"),
            "([1, 2, 3], [1, 3], [1])");
  EXPECT_EQ(Print("rows|selectattr('k', 'defined')|map(attribute='v')|list", kRows), "[1, 0, 3]");
  EXPECT_EQ(Print("rows|rejectattr('v')|map(attribute='k')|list", kRows), "['A']");
  EXPECT_EQ(Print("[1]|select('nope')|list"), "1: test `nope` is not supported");
}

TEST(SelectionFiltersTest, SortsWithoutCaseUnlessAsked) {
  EXPECT_EQ(Print("['b', 'A', 'a', 'B']|sort, ['b', 'A']|sort(case_sensitive=true), "
                  "[2, 1]|sort(reverse=true)"),
            "(['A', 'a', 'b', 'B'], ['A', 'b'], [2, 1])");
  EXPECT_EQ(Print("rows|sort(attribute='v')|map(attribute='v')|list", kRows), "[0, 1, 2, 3]");
  EXPECT_EQ(Print("{'b': 1, 'A': 2}|dictsort"), "[('A', 2), ('b', 1)]");
  EXPECT_EQ(Print("[1, 'a']|sort"), "1: '<' not supported between instances of 'str' and 'int'");
}

TEST(SelectionFiltersTest, GroupsAndSums) {
  EXPECT_EQ(
      Print("[{'k': 1, 'v': 2}, {'k': 0}, {'k': 1}]|groupby('k')|map(attribute='grouper')|list"),
      "[0, 1]");
  EXPECT_EQ(
      Print("rows|sum(attribute='v'), [3, 1]|min, [3, 1]|max, ['a', 'A', 'b']|unique|list", kRows),
      "(6, 1, 3, ['a', 'b'])");
}

}  // namespace
}  // namespace winnow::model::jinja
