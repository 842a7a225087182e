#include "model/jinja/text_cutting.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/model/jinja/rendering.h"

namespace winnow::model::jinja {
namespace {

using Parts = std::vector<std::string>;

TEST(TextCuttingTest, SplitsAtSeparators) {
  EXPECT_EQ(SplitAt(",a,,b,", ",", -1), (Parts{"", "a", "", "b", ""}));
  EXPECT_EQ(SplitAt("a,b,c", ",", 1), (Parts{"a", "b,c"}));
  EXPECT_EQ(SplitAtFromRight("a,b,c", ",", 1), (Parts{"a,b", "c"}));
  EXPECT_EQ(SplitAtFromRight("aaa", "aa", -1), (Parts{"a", ""}));
  EXPECT_EQ(SplitAt("", ",", -1), (Parts{""}));
}

TEST(TextCuttingTest, SplitsAtWhiteSpaceAndKeepsTheRest) {
  EXPECT_EQ(SplitAtSpace(" a\u00A0b\u2003 c ", -1), (Parts{"a", "b", "c"}));
  EXPECT_EQ(SplitAtSpace("a  b  c ", 1), (Parts{"a", "b  c "}));
  EXPECT_EQ(SplitAtSpaceFromRight("  a b  c ", 1), (Parts{"  a b", "c"}));
  EXPECT_EQ(SplitAtSpace("  ", -1), Parts{});
}

TEST(TextCuttingTest, SplitsLinesAtAllTheirEnds) {
  EXPECT_EQ(SplitLines("a\r\nb\rc\x0B"
                       "d\u2028e\n",
                       false),
            (Parts{"a", "b", "c", "d", "e"}));
  EXPECT_EQ(SplitLines("a\r\n\nb", true), (Parts{"a\r\n", "\n", "b"}));
}

TEST(TextCuttingTest, Strips) {
  EXPECT_EQ(Strip("\u3000 a \x1C", std::nullopt, StripSide::kBoth), "a");
  EXPECT_EQ(Strip("\u00E9a\u00E9", "\u00E9", StripSide::kLeft), "a\u00E9");
  EXPECT_EQ(Strip("xyx", "x", StripSide::kRight), "xy");
}

TEST(TextCuttingTest, Replaces) {
  EXPECT_EQ(ReplaceText("aaa", "a", "b", 2, 100), "bba");
  EXPECT_EQ(ReplaceText("\u00E9z", "", "-", -1, 100), "-\u00E9-z-");
  EXPECT_THROW(ReplaceText("aaaa", "a", "bbbbbbbbbb", -1, 20), Error);
}

TEST(TextCuttingTest, CentresAsPythonRounds) {
  EXPECT_EQ(Centre("abc", 6, "*"), "*abc**");
  EXPECT_EQ(Centre("ab", 5, "*"), "**ab*");
  EXPECT_EQ(Centre("ab", 1, "*"), "ab");
}

}  // namespace
}  // namespace winnow::model::jinja
