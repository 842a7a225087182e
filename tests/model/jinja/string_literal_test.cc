#include "model/jinja/string_literal.h"

#include <gtest/gtest.h>

#include "tests/model/jinja/rendering.h"

namespace winnow::model::jinja {
namespace {

TEST(ResolveEscapesTest, KnowsPythonsEscapes) {
  EXPECT_EQ(ResolveEscapes(R"(a\n\t\\\'\"\r)"), "a\n\t\\'\"\r");
  EXPECT_EQ(ResolveEscapes(R"(\x41\u00e9\U0001F642\101)"), "A\u00E9\U0001F642A");
  EXPECT_EQ(ResolveEscapes("a\\\nb"), "ab");
}

TEST(ResolveEscapesTest, LeavesUnknownEscapes) { EXPECT_EQ(ResolveEscapes(R"(\d\w)"), R"(\d\w)"); }

TEST(ResolveEscapesTest, RefusesBrokenOnes) {
  EXPECT_THROW(ResolveEscapes(R"(\x4)"), Error);
  EXPECT_THROW(ResolveEscapes(R"(\ud800)"), Error);
  EXPECT_THROW(ResolveEscapes(R"(\U00110000)"), Error);
  EXPECT_THROW(ResolveEscapes(R"(\N{DASH})"), Error);
}

}  // namespace
}  // namespace winnow::model::jinja
