#include "model/tokenizer_stream.h"

#include <gtest/gtest.h>

#include <random>

namespace winnow::model {
namespace {

std::unique_ptr<Tokenizer> SmolLm2() {
  auto tokenizer =
      Tokenizer::Load(std::string(WINNOW_SOURCE_DIR) + "/tests/golden/tokenizers/smollm2");
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status().ToString();
  return std::move(tokenizer).value();
}

TEST(StreamDecoderTest, HoldsBackPartsOfCharacters) {
  const auto tokenizer = SmolLm2();
  const std::vector<int32_t> ids = tokenizer->Encode("\U0001F9EC");
  ASSERT_GT(ids.size(), 1u);
  StreamDecoder decoder(tokenizer.get());
  for (size_t i = 0; i + 1 < ids.size(); ++i) EXPECT_EQ(decoder.Push(ids[i]), "");
  EXPECT_EQ(decoder.Push(ids.back()), "\U0001F9EC");
  EXPECT_EQ(decoder.Finish(), "");
}

TEST(StreamDecoderTest, ShowsWhatIsLeftAtTheEnd) {
  const auto tokenizer = SmolLm2();
  StreamDecoder decoder(tokenizer.get());
  EXPECT_EQ(decoder.Push(tokenizer->Encode("\U0001F9EC")[0]), "");
  EXPECT_EQ(decoder.Finish(), "\uFFFD");
  EXPECT_EQ(decoder.Finish(), "");
}

TEST(StreamDecoderTest, EqualsDecodeOnRandomIds) {
  const auto tokenizer = SmolLm2();
  std::mt19937 random(3);
  for (int round = 0; round < 50; ++round) {
    std::vector<int32_t> ids(20);
    for (int32_t& id : ids) {
      id = static_cast<int32_t>(random() % 400);  // among them all single bytes
    }
    StreamDecoder decoder(tokenizer.get());
    std::string streamed;
    for (int32_t id : ids) streamed += decoder.Push(id);
    streamed += decoder.Finish();
    EXPECT_EQ(streamed, tokenizer->Decode(ids));
  }
}

}  // namespace
}  // namespace winnow::model
