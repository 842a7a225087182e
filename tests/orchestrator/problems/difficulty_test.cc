#include "orchestrator/problems/difficulty.h"

#include <gtest/gtest.h>

namespace winnow::orchestrator {
namespace {

TEST(DifficultyReaderTest, ReadsIntegersRangesWordsAndLetters) {
  DifficultyReader reader("terms=2-4,digits=3,style=short,ops=-+");
  EXPECT_EQ(reader.Range("terms", {9, 9}, {2, 16}).low, 2);
  EXPECT_EQ(reader.Range("digits", {9, 9}, {1, 9}).high, 3);
  EXPECT_EQ(reader.Word("style", "long", {"long", "short"}), "short");
  EXPECT_EQ(reader.Letters("ops", "+", "+-*"), "-+");
  EXPECT_TRUE(reader.Finish().ok());
}

TEST(DifficultyReaderTest, TakesDefaultsForMissingKeys) {
  DifficultyReader reader("");
  EXPECT_EQ(reader.Range("terms", {2, 4}, {2, 16}).high, 4);
  EXPECT_EQ(reader.Integer("max_value", 20, {1, 100}), 20);
  EXPECT_TRUE(reader.Finish().ok());
}

std::string MistakeOf(const std::string& text) {
  DifficultyReader reader(text);
  reader.Range("terms", {2, 4}, {2, 16});
  reader.Word("style", "long", {"long", "short"});
  reader.Letters("ops", "+", "+-*");
  return reader.Finish().message();
}

TEST(DifficultyReaderTest, NamesTheMistake) {
  EXPECT_EQ(MistakeOf("terms=1"),
            "--difficulty: terms must be an integer or a range in 2-16: \"1\"");
  EXPECT_EQ(MistakeOf("terms=4-2"),
            "--difficulty: terms must be an integer or a range in 2-16: \"4-2\"");
  EXPECT_EQ(MistakeOf("terms=x"),
            "--difficulty: terms must be an integer or a range in 2-16: \"x\"");
  EXPECT_EQ(MistakeOf("style=tiny"), "--difficulty: style must be one of long, short: \"tiny\"");
  EXPECT_EQ(MistakeOf("ops=++"), "--difficulty: ops must be some of +-*, each once: \"++\"");
  EXPECT_EQ(MistakeOf("term=2"), "--difficulty: term is not a key: the keys are terms, style, ops");
  EXPECT_EQ(MistakeOf("terms"), "--difficulty: must be key=value joined by commas: \"terms\"");
  EXPECT_EQ(MistakeOf("terms=2,terms=3"), "--difficulty: terms is given twice");
}

}  // namespace
}  // namespace winnow::orchestrator
