#include "cli/config/yaml_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace winnow::cli {
namespace {

using Kind = YamlNode::Kind;

// "LINE: text" of the first mistake, "" if there is none.
std::string Mistake(const std::string& text) {
  YamlNode root;
  std::vector<YamlMistake> mistakes;
  const bool good = ParseYaml(text, &root, &mistakes);
  EXPECT_EQ(good, mistakes.empty());
  return mistakes.empty() ? "" : std::to_string(mistakes[0].line) + ": " + mistakes[0].text;
}

YamlNode Parsed(const std::string& text) {
  YamlNode root;
  std::vector<YamlMistake> mistakes;
  EXPECT_TRUE(ParseYaml(text, &root, &mistakes)) << text;
  return root;
}

TEST(ParseYamlTest, KeepsOrderLinesAndQuotes) {
  const YamlNode root = Parsed("a: 1\nb:\n  - \"x\"\n  - y\nc: {d: null,\n    e: ~}\n");
  ASSERT_EQ(root.kind, Kind::kMap);
  EXPECT_THAT(root.keys, testing::ElementsAre("a", "b", "c"));
  EXPECT_THAT(root.key_lines, testing::ElementsAre(1, 2, 5));
  EXPECT_FALSE(root.items[0].quoted);
  EXPECT_TRUE(root.items[1].items[0].quoted);
  EXPECT_EQ(root.items[1].items[1].line, 4);
  EXPECT_EQ(root.items[2].items[0].kind, Kind::kNull);
  EXPECT_THAT(root.items[2].key_lines, testing::ElementsAre(5, 6));
}

TEST(ParseYamlTest, CountsLinesThroughCrLfAndByteOrderMark) {
  const YamlNode root = Parsed(
      "\xEF\xBB\xBF"
      "a: 1\r\n\r\nb: 2\r\n");
  EXPECT_THAT(root.keys, testing::ElementsAre("a", "b"));
  EXPECT_THAT(root.key_lines, testing::ElementsAre(1, 3));
  EXPECT_EQ(root.items[1].text, "2");
}

TEST(ParseYamlTest, ExpandsAliasesAtTheirOwnLine) {
  const YamlNode root = Parsed("a: &x 5\nb: &m {c: 1}\nd: *x\ne: *m\n");
  EXPECT_EQ(root.items[2].text, "5");
  EXPECT_EQ(root.items[2].line, 3);
  EXPECT_EQ(root.items[3].keys[0], "c");
  EXPECT_EQ(root.items[3].key_lines[0], 2);
}

TEST(ParseYamlTest, TakesNothingForAnEmptyFile) {
  EXPECT_EQ(Parsed("").kind, Kind::kNull);
  EXPECT_EQ(Parsed("# only a comment\n").kind, Kind::kNull);
  EXPECT_EQ(Parsed("---\na: 1\n").kind, Kind::kMap);
}

TEST(ParseYamlTest, RefusesWhatJobFilesLeaveOut) {
  EXPECT_EQ(Mistake("a: 1\nb: 2\na: 3\n"), "3: a is given twice (line 1): keep one");
  EXPECT_EQ(Mistake("a:\n\tb: 1\n"), "2: tabs are refused: indent with spaces");
  EXPECT_EQ(Mistake("a: !!str 1\n"), "1: tags (!, !!) are refused: tag:yaml.org,2002:str");
  EXPECT_EQ(Mistake("a: !mine [1]\n"), "1: tags (!, !!) are refused: !mine");
  EXPECT_EQ(Mistake("a: &x {b: 1}\nc:\n  <<: *x\n"), "3: merge keys (<<) are refused: use extends");
  EXPECT_EQ(Mistake("a: 1\n---\nb: 2\n"), "2: several documents in one file are refused");
  EXPECT_EQ(Mistake("[a, b]: 1\n"), "1: a key must be a word, not a map or a list");
  EXPECT_EQ(Mistake("a: &x [*x]\n"), "1: an alias inside its own anchor is refused");
  EXPECT_EQ(Mistake(std::string("a: \0b\n", 6)), "1: control characters are refused");
  EXPECT_EQ(Mistake("a: \xff\n"), "1: the file must be UTF-8 text");
  EXPECT_EQ(Mistake("a: [1, 2\nb: 3\n").substr(0, 33), "2: YAML cannot be read at column ");
}

TEST(ParseYamlTest, RefusesDepthSeventeen) {
  const auto nested = [](int depth) {
    return std::string(depth, '[') + "1" + std::string(depth, ']');
  };
  EXPECT_EQ(Mistake(nested(16)), "");
  EXPECT_EQ(Mistake(nested(17)), "1: maps and lists may be nested 16 deep");
  // Eight levels in an anchor, used below nine.
  EXPECT_EQ(Mistake("a: &x [[[[[[[1]]]]]]]\nb: [[[[[[[[*x]]]]]]]]\n"), "");
  EXPECT_EQ(Mistake("a: &x [[[[[[[1]]]]]]]\nb: [[[[[[[[[*x]]]]]]]]]\n"),
            "2: maps and lists may be nested 16 deep");
}

TEST(ParseYamlTest, RefusesTooManyNodesAfterAliases) {
  std::string bomb = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n";
  for (int i = 1; i <= 9; ++i) {
    const std::string use = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + use;
    for (int k = 0; k < 9; ++k) bomb += ", " + use;
    bomb += "]\n";
  }
  EXPECT_EQ(Mistake(bomb), "4: a file may have 10000 nodes, aliases expanded");
}

TEST(ParseYamlTest, RefusesMoreThanOneMebibyte) {
  EXPECT_EQ(Mistake("#" + std::string(YamlLimits::kMaxBytes - 1, 'x')), "");
  EXPECT_EQ(Mistake("#" + std::string(YamlLimits::kMaxBytes, 'x')),
            "1: a file may have 1048576 bytes: 1048577");
}

TEST(PrintableTest, EscapesAndCuts) {
  EXPECT_EQ(Printable("a\nb\x01"), "a\\nb\\x01");
  EXPECT_EQ(Printable("\xC3\xA9\xFF"), "\xC3\xA9\\xff");
  EXPECT_EQ(Printable("abcdef", 3), "abc…");
}

}  // namespace
}  // namespace winnow::cli
