#include "model/pre_tokenizer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace winnow::model {
namespace {

using Parts = std::vector<std::string>;

Parts WordsOf(const std::vector<PreTokenizerStep>& steps, const std::string& text) {
  const auto made = PreTokenizer::Build(steps);
  EXPECT_TRUE(made.ok()) << made.status().ToString();
  const PreTokenized pieces = made->Run(text);
  Parts parts;
  for (const TextRange& word : pieces.words) {
    parts.push_back(pieces.text.substr(word.begin, word.size()));
  }
  return parts;
}

SplitStep Split(SplitBehavior behavior, bool invert = false) {
  return {.pattern = "-", .is_literal = true, .behavior = behavior, .invert = invert};
}

// The examples of Hugging Face's documentation of SplitDelimiterBehavior.
TEST(PreTokenizerTest, DoesWithMatchesWhatTheBehaviorSays) {
  const std::string text = "the-final--countdown";
  EXPECT_EQ(WordsOf({Split(SplitBehavior::kRemoved)}, text), (Parts{"the", "final", "countdown"}));
  EXPECT_EQ(WordsOf({Split(SplitBehavior::kIsolated)}, text),
            (Parts{"the", "-", "final", "-", "-", "countdown"}));
  EXPECT_EQ(WordsOf({Split(SplitBehavior::kMergedWithPrevious)}, text),
            (Parts{"the-", "final-", "-", "countdown"}));
  EXPECT_EQ(WordsOf({Split(SplitBehavior::kMergedWithNext)}, text),
            (Parts{"the", "-final", "-", "-countdown"}));
  EXPECT_EQ(WordsOf({Split(SplitBehavior::kContiguous)}, text),
            (Parts{"the", "-", "final", "--", "countdown"}));
}

TEST(PreTokenizerTest, InvertsWhatIsAMatch) {
  EXPECT_EQ(WordsOf({Split(SplitBehavior::kRemoved, /*invert=*/true)}, "a-b--c"),
            (Parts{"-", "-", "-"}));
}

TEST(PreTokenizerTest, CutsDigitsAloneOrInRuns) {
  EXPECT_EQ(WordsOf({DigitsStep{.individual = true}}, "a12b\u00B2"),
            (Parts{"a", "1", "2", "b", "\u00B2"}));
  EXPECT_EQ(WordsOf({DigitsStep{.individual = false}}, "a12b"), (Parts{"a", "12", "b"}));
}

TEST(PreTokenizerTest, CutsAsGpt2Does) {
  EXPECT_EQ(WordsOf({ByteLevelStep{}}, "I'll go  to 42nd!\n\n x"),
            (Parts{"I", "'ll", " go", " ", " to", " 42", "nd", "!", "\n\n", " x"}));
}

TEST(PreTokenizerTest, PutsASpaceBeforeEveryPiece) {
  EXPECT_EQ(WordsOf({DigitsStep{.individual = true},
                     ByteLevelStep{.add_prefix_space = true, .use_regex = false}},
                    "a1 b"),
            (Parts{" a", " 1", " b"}));
}

TEST(PreTokenizerTest, StepsSeeOnlyTheirPiece) {
  SplitStep words;
  words.pattern = R"(\s+(?!\S)|\s+|\S+)";
  EXPECT_EQ(WordsOf({Split(SplitBehavior::kIsolated), words}, "a  -b"),
            (Parts{"a", "  ", "-", "b"}));
}

TEST(PreTokenizerTest, GivesNothingForNothing) {
  EXPECT_EQ(WordsOf({ByteLevelStep{.add_prefix_space = true}}, ""), Parts{});
}

}  // namespace
}  // namespace winnow::model
