#include "reward/code/fenced_block.h"

#include <gtest/gtest.h>

namespace winnow::reward {
namespace {

TEST(FencedBlockTest, TakesTheLastBlock) {
  EXPECT_EQ(LastFencedBlock("```python\nfirst\n```\ntext\n```\nlast\n```\nmore"), "last\n");
  EXPECT_EQ(LastFencedBlock("~~~cpp\nint a;\n~~~"), "int a;\n");
  EXPECT_EQ(LastFencedBlock("```py\r\na\r\nb\r\n```"), "a\nb\n");
}

TEST(FencedBlockTest, AnOpenBlockRunsToTheEnd) {
  EXPECT_EQ(LastFencedBlock("```python\na\n```\n```python\nb = 1"), "b = 1\n");
}

TEST(FencedBlockTest, AFenceClosesOnlyItsOwnKind) {
  EXPECT_EQ(LastFencedBlock("````md\n```py\nx\n```\n````"), "```py\nx\n```\n");
  EXPECT_EQ(LastFencedBlock("```\n~~~\n```"), "~~~\n");
  EXPECT_EQ(LastFencedBlock("```py\n```more\n```"), "```more\n");
}

TEST(FencedBlockTest, TakesTheIndentationOfTheFenceOff) {
  EXPECT_EQ(LastFencedBlock("1. so:\n   ```python\n   def f():\n     return 1\n   ```"),
            "def f():\n  return 1\n");
}

TEST(FencedBlockTest, NothingWithoutABlock) {
  EXPECT_EQ(LastFencedBlock("no program"), std::nullopt);
  EXPECT_EQ(LastFencedBlock("inline ```x``` code"), std::nullopt);
  EXPECT_EQ(LastFencedBlock("```x```"), std::nullopt);
  EXPECT_EQ(LastFencedBlock("```\n \n```"), std::nullopt);
  EXPECT_EQ(LastFencedBlock("```"), std::nullopt);
  EXPECT_EQ(LastFencedBlock(""), std::nullopt);
}

}  // namespace
}  // namespace winnow::reward
