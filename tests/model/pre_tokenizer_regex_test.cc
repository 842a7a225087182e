#include "model/pre_tokenizer_regex.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/unicode.h"

namespace winnow::model {
namespace {

std::vector<std::string> Matches(const Result<PreTokenizerRegex>& regex, const std::string& text) {
  EXPECT_TRUE(regex.ok()) << regex.status().ToString();
  PreTokenizerRegex::Scratch scratch;
  std::vector<TextRange> ranges;
  regex->FindAll(WithStandIns(text), &scratch, &ranges);
  std::vector<std::string> parts;
  for (const TextRange& range : ranges) parts.push_back(text.substr(range.begin, range.size()));
  return parts;
}

using Parts = std::vector<std::string>;

TEST(PreTokenizerRegexTest, FindsMatchesFromLeftToRight) {
  EXPECT_EQ(Matches(PreTokenizerRegex::Compile(R"(\p{L}+|\p{N})"), "ab1 c23"),
            (Parts{"ab", "1", "c", "2", "3"}));
}

TEST(PreTokenizerRegexTest, SkipsAnEmptyMatchRightAfterAMatch) {
  EXPECT_EQ(Matches(PreTokenizerRegex::Compile("a*"), "baac"), (Parts{"", "aa", ""}));
}

TEST(PreTokenizerRegexTest, SeesCharactersOfUnicode16) {
  EXPECT_EQ(Matches(PreTokenizerRegex::Compile(R"(\p{L}+)"), "\U0001DF25\uA7CB!"),
            (Parts{"\U0001DF25\uA7CB"}));
  EXPECT_EQ(Matches(PreTokenizerRegex::Compile(R"(\s)"), "\u180E\u3000"), (Parts{"\u3000"}));
}

TEST(PreTokenizerRegexTest, MatchesLiteralsAsTheyAre) {
  EXPECT_EQ(Matches(PreTokenizerRegex::CompileLiteral("[.*]"), "x[.*]."), (Parts{"[.*]"}));
  EXPECT_FALSE(PreTokenizerRegex::CompileLiteral("\U0001DF25").ok());
}

TEST(PreTokenizerRegexTest, EndsASearchThatExplodes) {
  // Exponential; the match limit ends it.
  EXPECT_EQ(Matches(PreTokenizerRegex::Compile("(?:a|aa)+$"), std::string(2000, 'a') + "b"),
            Parts{});
}

TEST(PreTokenizerRegexTest, SaysWhereAPatternIsWrong) {
  const auto regex = PreTokenizerRegex::Compile("a(b");
  ASSERT_FALSE(regex.ok());
  EXPECT_EQ(regex.status().message(),
            "pattern does not compile at byte 3 of `a(b`: missing closing parenthesis");
}

}  // namespace
}  // namespace winnow::model
