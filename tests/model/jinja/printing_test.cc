#include "model/jinja/printing.h"

#include <gtest/gtest.h>

#include "tests/model/jinja/rendering.h"

namespace winnow::model::jinja {
namespace {

TEST(PrintingTest, PrintsAsPythonDoes) {
  EXPECT_EQ(Print("[1, 2.0, 'a', none, true, (1,), {'k': \"it's\"}]"),
            "[1, 2.0, 'a', None, True, (1,), {'k': \"it's\"}]");
  EXPECT_EQ(Repr(Value::String("a\n\x01\u200B\u00E9'\"")), "'a\\n\\x01\\u200b\u00E9\\'\"'");
  EXPECT_EQ(Str(Value::Undefined("x")), "");
}

TEST(PrintingTest, PrintsFloatsAsPythonDoes) {
  EXPECT_EQ(FloatText(1), "1.0");
  EXPECT_EQ(FloatText(1e16), "1e+16");
  EXPECT_EQ(FloatText(123456789012345.0), "123456789012345.0");
  EXPECT_EQ(FloatText(0.0001), "0.0001");
  EXPECT_EQ(FloatText(0.00001), "1e-05");
  EXPECT_EQ(FloatText(-0.0), "-0.0");
  EXPECT_EQ(FloatText(0.1 + 0.2), "0.30000000000000004");
}

TEST(PrintingTest, WritesJsonWithoutEscapesOrSorting) {
  const Value value = ReadJson(R"({"b": "<\u00E9>\u0001\"", "a": [1, 1.0, null, {}]})");
  EXPECT_EQ(ToJson(value, {}), "{\"b\": \"<\u00E9>\\u0001\\\"\", \"a\": [1, 1.0, null, {}]}");
}

TEST(PrintingTest, FollowsTheStyle) {
  const Value value = ReadJson(R"({"b": ["\uD83D\uDE42"], "a": []})");
  JsonStyle style{.ensure_ascii = true, .indent = "  ", .item_separator = ",", .sort_keys = true};
  EXPECT_EQ(ToJson(value, style), "{\n  \"a\": [],\n  \"b\": [\n    \"\\ud83d\\ude42\"\n  ]\n}");
}

TEST(PrintingTest, RefusesWhatJsonCannotSay) {
  EXPECT_THROW(ToJson(Value::Undefined("x"), {}), Error);
  EXPECT_EQ(Print("range(2) | tojson"), "1: Object of type range is not JSON serializable");
}

}  // namespace
}  // namespace winnow::model::jinja
