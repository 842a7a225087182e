#include "model/jinja/lexer.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/model/jinja/rendering.h"

namespace winnow::model::jinja {
namespace {

// Texts and tags as "text<{%>name..." for short.
std::string Shown(const std::string& source) {
  std::string shown;
  for (const Token& token : Lex(source)) {
    if (token.kind == TokenKind::kText) {
      shown += "[" + token.text + "]";
    } else if (token.kind != TokenKind::kEnd) {
      shown += token.text + " ";
    }
  }
  return shown;
}

TEST(LexTest, TrimsBlocksAndTheirLines) {
  EXPECT_EQ(Shown("a\n  {% x %}\n  b {% y %} c"), "[a\n]{% x %} [  b ]{% y %} [ c]");
  EXPECT_EQ(Shown("a\n  {{ x }}\n"), "[a\n  ]{{ x }} ");  // variables keep theirs, the end goes
  EXPECT_EQ(Shown("{# c #}\n  {#- d -#}  e"), "[e]");
}

TEST(LexTest, FollowsTheSigns) {
  EXPECT_EQ(Shown("a \n {%- x -%} \n b"), "[a]{% x %} [b]");
  EXPECT_EQ(Shown("a\n  {%+ x +%}\nb"), "[a\n  ]{% x %} [\nb]");
  EXPECT_EQ(Shown("a {{- x -}} b"), "[a]{{ x }} [b]");
}

TEST(LexTest, TakesRawTextAsItIs) {
  EXPECT_EQ(Shown("{% raw %} {{ x }} {% if %}{% endraw %}\nz"), "[ {{ x }} {% if %}][z]");
  EXPECT_EQ(Shown("{%- raw -%} a {%- endraw -%} z"), "[a][z]");
}

TEST(LexTest, SeesNoEndOfTagInBracketsAndStrings) {
  EXPECT_EQ(Shown("{{ {'a': {}} }}"), "{{ { a : { } } }} ");
  EXPECT_EQ(Shown("{{ '}}' }}"), "{{ }} }} ");
}

TEST(LexTest, UnifiesLineBreaks) { EXPECT_EQ(Shown("a\r\nb\rc\n\n"), "[a\nb\nc\n]"); }

TEST(LexTest, CountsLines) {
  const std::vector<Token> tokens = Lex("a\n{# \n #}\n{{\n x }}");
  ASSERT_EQ(tokens.size(), 5u);
  EXPECT_EQ(tokens[1].line, 4);
  EXPECT_EQ(tokens[2].line, 5);
}

TEST(LexTest, ReadsNumbers) {
  const std::vector<Token> tokens = Lex("{{ 1_000 1.5e-3 a.0.1 }}");
  EXPECT_EQ(tokens[1].text, "1000");
  EXPECT_EQ(tokens[2].kind, TokenKind::kFloat);
  EXPECT_EQ(tokens[5].kind, TokenKind::kInteger);  // a.0 and then .1
}

TEST(LexTest, SaysWhereATagIsBroken) {
  EXPECT_EQ(RenderText("a\n{{ x"), "2: missing end of tag, `}}`");
  EXPECT_EQ(RenderText("\n\n{# x"), "3: missing end of comment");
  EXPECT_EQ(RenderText("{% raw %}x"), "1: missing end of raw");
  EXPECT_EQ(RenderText("{{ 'x }}"), "1: missing end of string");
  EXPECT_EQ(RenderText("{{ $ }}"), "1: unexpected character `$`");
  EXPECT_EQ(RenderText("{{ (x] }}"), "1: unexpected `]`");
  EXPECT_EQ(RenderText("{{ 0x10 }}"), "1: number is not supported: `0x`");
  EXPECT_EQ(RenderText("\xFF"), "1: template must be UTF-8");
}

}  // namespace
}  // namespace winnow::model::jinja
