#include "model/jinja/string_methods.h"

#include <gtest/gtest.h>

#include "tests/model/jinja/rendering.h"

namespace winnow::model::jinja {
namespace {

TEST(StringMethodTest, SearchesAndCuts) {
  EXPECT_EQ(Print("'hello'.find('l'), 'h\u00E9llo'.rfind('l'), 'a'.find('z'), 'aaa'.count('a')"),
            "(2, 3, -1, 3)");
  EXPECT_EQ(
      Print("'a-b-c'.split('-'), 'a b'.split(), 'a-b-c'.rsplit('-', 1), 'a=b'.partition('=')"),
      "(['a', 'b', 'c'], ['a', 'b'], ['a-b', 'c'], ('a', '=', 'b'))");
  EXPECT_EQ(Print("'a'.index('z')"), "1: substring not found");
  EXPECT_EQ(Print("'a'.split('')"), "1: empty separator");
}

TEST(StringMethodTest, JudgesAffixesAndKinds) {
  EXPECT_EQ(
      Print("'abc'.startswith('ab'), 'abc'.endswith(('x', 'c')), '12'.isdigit(), 'a1'.isalnum()"),
      "(True, True, True, True)");
  EXPECT_EQ(Print("'\u00B2'.isdigit()"),
            "1: isdigit of numbers that are no decimals is not supported");
}

TEST(StringMethodTest, Formats) {
  EXPECT_EQ(Print("'{} {}{{}}'.format(1, 'a') ~ '{1}{0}{k}'.format(1, 2, k=3)"), "1 a{}213");
  EXPECT_EQ(Print("'{:>3}'.format(1)"), "1: format field is not supported: `{:>3}`");
  EXPECT_EQ(Print("'{}'.format()"), "1: replacement index out of range for positional arguments");
}

TEST(StringMethodTest, FillsFields) {
  EXPECT_EQ(Print("'a'.ljust(3, '.') ~ 'a'.rjust(3) ~ '-5'.zfill(4) ~ 'ab'.center(4, '*')"),
            "a..  a-005*ab*");
}

TEST(StringMethodTest, NamesWhatIsNotBuilt) {
  EXPECT_EQ(Print("'a'.encode()"), "1: method `encode` of 'str' is not supported");
  EXPECT_EQ(Print("'a'.nope is defined"), "False");
  EXPECT_EQ(Print("'a'.upper(1)"), "1: upper takes at most 0 arguments, found 1");
}

}  // namespace
}  // namespace winnow::model::jinja
