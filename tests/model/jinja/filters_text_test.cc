#include <gtest/gtest.h>

#include "tests/model/jinja/rendering.h"

namespace winnow::model::jinja {
namespace {

TEST(TextFiltersTest, ChangesCase) {
  EXPECT_EQ(Print("'hello wORLD-foo (bar)'|title"), "Hello World-Foo (Bar)");
  EXPECT_EQ(Print("'hELLO'|capitalize ~ 5|upper ~ none|lower"), "Hello5none");
}

TEST(TextFiltersTest, TrimsAndReplaces) {
  EXPECT_EQ(Print("'  a '|trim ~ '|' ~ 'xax'|trim('x') ~ '|' ~ 'aaa'|replace('a', 'b', 2)"),
            "a|a|bba");
}

TEST(TextFiltersTest, Indents) {
  EXPECT_EQ(Print("'a\\n\\nb'|indent(2)"), "a\n\n  b");
  EXPECT_EQ(Print("'a\\n\\nb'|indent('> ', true, true)"), "> a\n> \n> b");
  EXPECT_EQ(Print("'a'|indent(100000)"), "1: indent must be a text or a number up to 1000");
}

TEST(TextFiltersTest, WritesJson) {
  EXPECT_EQ(Print("{'b': '<\u00E9>', 'a': [1, none]}|tojson"),
            "{\"b\": \"<\u00E9>\", \"a\": [1, null]}");
  EXPECT_EQ(Print("{'a': [1]}|tojson(indent=2)"), "{\n  \"a\": [\n    1\n  ]\n}");
  EXPECT_EQ(Print("[1, 2]|tojson(separators=(',', ':'))"), "[1,2]");
}

TEST(TextFiltersTest, TruncatesAndCounts) {
  EXPECT_EQ(Print("'a long text with words'|truncate(12)"), "a long...");
  EXPECT_EQ(Print("'a long text with words'|truncate(12, true)"), "a long te...");
  EXPECT_EQ(Print("\"it's two\"|wordcount"), "3");
}

TEST(TextFiltersTest, EscapesOnlyForPrinting) {
  EXPECT_EQ(Print("'<a&\"\\'>'|e"), "&lt;a&amp;&#34;&#39;&gt;");
  EXPECT_EQ(Print("'<b>'|safe|e"), "<b>");
  EXPECT_EQ(Print("'<b>'|safe ~ '<'"), "1: text of `safe` or `escape` can only be printed");
  EXPECT_EQ(Print("'<b>'|safe + '<'"), "1: unsupported operand types for +: 'Markup' and 'str'");
}

}  // namespace
}  // namespace winnow::model::jinja
