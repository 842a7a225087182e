#include "model/jinja/token_stream.h"

#include <gtest/gtest.h>

#include "tests/model/jinja/rendering.h"

namespace winnow::model::jinja {
namespace {

TEST(TokenStreamTest, TakesWhatIsExpectedAndNamesWhatIsNot) {
  TokenStream tokens(Lex("{{ a + }}"));
  tokens.ExpectKind(TokenKind::kVariableBegin);
  EXPECT_TRUE(tokens.IsName("a"));
  EXPECT_TRUE(tokens.IsAnyName({"b", "a"}));
  EXPECT_EQ(tokens.Ahead().text, "+");
  EXPECT_EQ(tokens.ExpectName(), "a");
  EXPECT_FALSE(tokens.SkipOperator("-"));
  EXPECT_TRUE(tokens.SkipOperator("+"));
  try {
    tokens.ExpectName();
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "expected a name, found `}}`");
  }
}

TEST(TokenStreamTest, EndsForEver) {
  TokenStream tokens(Lex(""));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(tokens.Next().kind, TokenKind::kEnd);
  EXPECT_EQ(tokens.Ahead().kind, TokenKind::kEnd);
}

TEST(TokenStreamTest, FindsNamesSinceAPlace) {
  TokenStream tokens(Lex("{{ a b c }}"));
  tokens.Next();
  tokens.Next();
  const size_t begin = tokens.position();
  tokens.Next();
  EXPECT_TRUE(tokens.HasNameSince(begin, "b"));
  EXPECT_FALSE(tokens.HasNameSince(begin, "a"));
  EXPECT_FALSE(tokens.HasNameSince(begin, "c"));
}

TEST(TokenStreamTest, BoundsNesting) {
  const std::string deep = std::string(5000, '(') + "1" + std::string(5000, ')');
  EXPECT_EQ(Print(deep), "1: template may be nested at most 100 deep");
}

}  // namespace
}  // namespace winnow::model::jinja
