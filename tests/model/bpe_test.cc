#include "model/bpe.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace winnow::model {
namespace {

// a, b, c are 0, 1, 2; ab = 3, bc = 4, abc = 5, aa = 6, aaaa = 7.
BpeSpec SmallSpec() {
  BpeSpec spec;
  spec.vocabulary = {{"a", 0},  {"b", 1},   {"c", 2},  {"ab", 3},
                     {"bc", 4}, {"abc", 5}, {"aa", 6}, {"aaaa", 7}};
  spec.merges = {{"b", "c"}, {"a", "b"}, {"ab", "c"}, {"a", "a"}, {"aa", "aa"}};
  return spec;
}

std::vector<int32_t> Encode(const BpeSpec& spec, const std::string& word) {
  auto bpe = Bpe::Build(spec);
  EXPECT_TRUE(bpe.ok()) << bpe.status().ToString();
  std::vector<int32_t> ids;
  (*bpe)->EncodeWord(word, &ids);
  return ids;
}

std::string Failure(const BpeSpec& spec) {
  auto bpe = Bpe::Build(spec);
  return bpe.ok() ? "no error" : bpe.status().message();
}

TEST(MergeTableTest, FindsTheLastOfEqualPairs) {
  MergeTable table(2);
  table.Insert(1, 2, {0, 10});
  table.Insert(1, 2, {5, 11});
  EXPECT_EQ(table.Find(1, 2).rank, 5);
  EXPECT_EQ(table.Find(1, 2).id, 11);
  EXPECT_LT(table.Find(2, 1).rank, 0);
}

TEST(BpeTest, MergesTheLowestRankFirst) {
  // "bc" merges before "ab", and then nothing joins "a" and "bc".
  EXPECT_EQ(Encode(SmallSpec(), "abc"), (std::vector<int32_t>{0, 4}));
  EXPECT_EQ(Encode(SmallSpec(), "ab"), (std::vector<int32_t>{3}));
}

TEST(BpeTest, MergesFromTheLeftAmongEqualRanks) {
  EXPECT_EQ(Encode(SmallSpec(), "aaa"), (std::vector<int32_t>{6, 0}));
  EXPECT_EQ(Encode(SmallSpec(), "aaaaaaa"), (std::vector<int32_t>{7, 6, 0}));
}

TEST(BpeTest, IgnoreMergesKeepsAWordThatIsAToken) {
  BpeSpec spec = SmallSpec();
  spec.ignore_merges = true;
  EXPECT_EQ(Encode(spec, "abc"), (std::vector<int32_t>{5}));
}

TEST(BpeTest, DropsOrReplacesBytesWithoutAToken) {
  EXPECT_EQ(Encode(SmallSpec(), "azzb"), (std::vector<int32_t>{3}));
  BpeSpec spec = SmallSpec();
  spec.unknown_token = "c";
  EXPECT_EQ(Encode(spec, "azzb"), (std::vector<int32_t>{0, 2, 2, 1}));
  spec.fuse_unknown = true;
  EXPECT_EQ(Encode(spec, "azzb"), (std::vector<int32_t>{0, 2, 1}));
}

// The definition, without any cleverness.
std::vector<std::string> MergeNaively(const BpeSpec& spec, const std::string& word) {
  std::vector<std::string> parts;
  for (char c : word) parts.emplace_back(1, c);
  for (;;) {
    size_t best_rank = spec.merges.size();
    size_t best_at = 0;
    for (size_t i = 0; i + 1 < parts.size(); ++i) {
      for (size_t rank = 0; rank < best_rank; ++rank) {
        if (spec.merges[rank] == std::pair(parts[i], parts[i + 1])) {
          best_rank = rank;
          best_at = i;
        }
      }
    }
    if (best_rank == spec.merges.size()) return parts;
    parts[best_at] += parts[best_at + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(best_at) + 1);
  }
}

TEST(BpeTest, EqualsTheDefinitionOnShortAndLongWords) {
  const BpeSpec spec = SmallSpec();
  auto bpe = Bpe::Build(spec);
  ASSERT_TRUE(bpe.ok());
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::string word;
    const size_t length = 1 + random() % 60;  // below and above the switch to the heap
    while (word.size() < length) word += static_cast<char>('a' + random() % 3);
    std::vector<int32_t> expected;
    for (const std::string& part : MergeNaively(spec, word)) {
      for (const auto& [text, id] : spec.vocabulary) {
        if (text == part) expected.push_back(id);
      }
    }
    std::vector<int32_t> ids;
    (*bpe)->EncodeWord(word, &ids);
    EXPECT_EQ(ids, expected) << word;
  }
}

TEST(BpeTest, TakesALongRunOfOneCharacter) {
  auto bpe = Bpe::Build(SmallSpec());
  ASSERT_TRUE(bpe.ok());
  std::vector<int32_t> ids;
  (*bpe)->EncodeWord(std::string(400000, 'a'), &ids);  // hours, were it quadratic
  EXPECT_EQ(ids, std::vector<int32_t>(100000, 7));
}

TEST(BpeTest, RefusesBadVocabulariesAndMerges) {
  BpeSpec spec = SmallSpec();
  spec.vocabulary.push_back({"d", 3});
  EXPECT_EQ(Failure(spec), "model.vocab: id 3 is used twice, again by `d`");
  spec = SmallSpec();
  spec.vocabulary.push_back({"d", 2000000000});
  EXPECT_EQ(Failure(spec), "model.vocab: id of `d` must be in 0..2097151: 2000000000");
  spec = SmallSpec();
  spec.vocabulary.push_back({"d", -1});
  EXPECT_EQ(Failure(spec), "model.vocab: id of `d` must be in 0..2097151: -1");
  spec = SmallSpec();
  spec.merges.push_back({"a", "c"});
  EXPECT_EQ(Failure(spec), "model.merges[5]: `ac` is not in the vocabulary");
  spec = SmallSpec();
  spec.unknown_token = "<unk>";
  EXPECT_EQ(Failure(spec), "model.unk_token is not in the vocabulary: `<unk>`");
}

}  // namespace
}  // namespace winnow::model
