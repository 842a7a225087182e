#include "model/tokenizer.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/model/tokenizer_text.h"

namespace winnow::model {
namespace {

using Ids = std::vector<int32_t>;

std::unique_ptr<Tokenizer> Make(const nlohmann::json& file) {
  auto tokenizer = Tokenizer::Parse(file.dump(), "t.json");
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status().ToString();
  return std::move(tokenizer).value();
}

std::unique_ptr<Tokenizer> SmolLm2() {
  auto tokenizer =
      Tokenizer::Load(std::string(WINNOW_SOURCE_DIR) + "/tests/golden/tokenizers/smollm2");
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status().ToString();
  return std::move(tokenizer).value();
}

TEST(TokenizerTest, EncodesWordsAndSpecialTokensInText) {
  const auto tokenizer = Make(SmallTokenizer());
  EXPECT_EQ(tokenizer->Encode("ab a<end>b"), (Ids{3, 4, 5, 1}));
  EXPECT_EQ(tokenizer->Decode(Ids{3, 4, 5, 1}), "ab a<end>b");
  EXPECT_EQ(tokenizer->Encode(""), Ids{});
}

TEST(TokenizerTest, IgnoresIdsOutsideOfTheVocabulary) {
  const auto tokenizer = Make(SmallTokenizer());
  EXPECT_EQ(tokenizer->Decode(Ids{0, -1, 6, 2000000000, 1}), "ab");
  EXPECT_EQ(tokenizer->TokenBytes(-1), "");
  EXPECT_EQ(tokenizer->vocab_size(), 6);
}

TEST(TokenizerTest, FindsTokensByContent) {
  const auto tokenizer = Make(SmallTokenizer());
  EXPECT_EQ(tokenizer->TokenId("<end>"), 5);
  EXPECT_EQ(tokenizer->TokenId(" a"), 4);
  EXPECT_EQ(tokenizer->TokenId("zz"), std::nullopt);
  EXPECT_TRUE(tokenizer->IsSpecial(5));
  EXPECT_FALSE(tokenizer->IsSpecial(4));
  EXPECT_FALSE(tokenizer->IsSpecial(99));
}

TEST(TokenizerTest, NormalisesTextButNotTokensThatAreNotNormalised) {
  nlohmann::json file = SmallTokenizer();
  file["normalizer"] = {{"type", "NFC"}};
  file["model"]["vocab"] = {{"\u00C3", 0}, {"\u00A9", 1}, {"\u00C3\u00A9", 2}};  // bytes of U+00E9
  file["model"]["merges"] = {"\u00C3 \u00A9"};
  file["added_tokens"] = nlohmann::json::parse(
      R"([{"id": 3, "content": "e\u0301!", "normalized": false, "special": false},
          {"id": 4, "content": "e\u0301?", "normalized": true, "special": false}])");
  const auto tokenizer = Make(file);
  EXPECT_EQ(tokenizer->Encode("e\u0301"), (Ids{2}));
  EXPECT_EQ(tokenizer->Encode("e\u0301!"), (Ids{3}));
  EXPECT_EQ(tokenizer->Encode("\u00E9?e\u0301?"), (Ids{4, 4}));
}

TEST(TokenizerTest, TakesBytesThatAreNotUtf8ForReplacementCharacters) {
  const auto tokenizer = SmolLm2();
  EXPECT_EQ(tokenizer->Encode("a\xFF\xE2\x82z"), tokenizer->Encode("a\uFFFD\uFFFDz"));
}

TEST(TokenizerTest, GivesBackRandomText) {
  const auto tokenizer = SmolLm2();
  std::mt19937 random(11);
  for (int round = 0; round < 200; ++round) {
    std::string text;
    for (int i = 0; i < 30; ++i) text += static_cast<char>(' ' + random() % 95);
    EXPECT_EQ(tokenizer->Decode(tokenizer->Encode(text)), text);
  }
}

TEST(TokenizerTest, GivesEveryThreadTheSameIds) {
  const auto tokenizer = SmolLm2();
  const std::string text = "Natalia sold clips to 48 of her friends, unquestionably! \u65E5\u672C";
  const Ids alone = tokenizer->Encode(text);
  std::vector<Ids> results(8);
  std::vector<std::thread> threads;
  for (Ids& result : results) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) result = tokenizer->Encode(text);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Ids& result : results) EXPECT_EQ(result, alone);
}

TEST(TokenizerTest, HasTheDigestOfItsFile) {
  const std::string text = SmallTokenizer().dump();
  auto tokenizer = Tokenizer::Parse(text, "t.json");
  ASSERT_TRUE(tokenizer.ok());
  EXPECT_EQ((*tokenizer)->digest(), DigestOf(text));
}

TEST(TokenizerTest, SaysWhichFileIsMissing) {
  const auto tokenizer = Tokenizer::Load("/nowhere");
  ASSERT_FALSE(tokenizer.ok());
  EXPECT_EQ(tokenizer.status().code(), StatusCode::kNotFound);
  EXPECT_NE(tokenizer.status().message().find("/nowhere/tokenizer.json"), std::string::npos);
}

TEST(TokenizerTest, RefusesWhatItCannotBuild) {
  nlohmann::json file = SmallTokenizer();
  file["pre_tokenizer"] = nlohmann::json::parse(R"({"type": "Sequence", "pretokenizers": [
      {"type": "Split", "pattern": {"Regex": "\\w+"}, "behavior": "Isolated"},
      {"type": "ByteLevel", "use_regex": false}]})");
  const auto tokenizer = Tokenizer::Parse(file.dump(), "t.json");
  ASSERT_FALSE(tokenizer.ok());
  EXPECT_EQ(tokenizer.status().message(),
            "t.json: pre_tokenizer: pattern construct `\\w` is not supported at byte 0 of `\\w+`");
}

// A file with one byte changed either loads or is refused, and then does its work.
TEST(TokenizerTest, SurvivesDamagedFiles) {
  const std::string good = SmallTokenizer().dump();
  std::mt19937 random(5);
  int loaded = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string bad = good;
    bad[random() % bad.size()] = static_cast<char>(random() % 256);
    auto tokenizer = Tokenizer::Parse(bad, "t.json");
    if (!tokenizer.ok()) continue;
    ++loaded;
    (*tokenizer)->Decode((*tokenizer)->Encode("ab <end> a\xFF"));
  }
  EXPECT_GT(loaded, 0);
}

}  // namespace
}  // namespace winnow::model
