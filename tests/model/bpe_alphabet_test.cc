#include "model/bpe_alphabet.h"

#include <gtest/gtest.h>

#include <set>

namespace winnow::model {
namespace {

TEST(BpeAlphabetTest, GivesEachByteItsOwnCharacterAndFindsItAgain) {
  std::set<uint32_t> characters;
  for (int byte = 0; byte < 256; ++byte) {
    characters.insert(AlphabetCharOf(static_cast<uint8_t>(byte)));
    const std::string one(1, static_cast<char>(byte));
    EXPECT_EQ(FromAlphabet(ToAlphabet(one)), one);
  }
  EXPECT_EQ(characters.size(), 256u);
}

TEST(BpeAlphabetTest, WritesSpaceAndNewlineAsGpt2Does) {
  EXPECT_EQ(ToAlphabet(" a\n"), "\u0120a\u010A");
}

TEST(BpeAlphabetTest, RefusesCharactersOutside) {
  EXPECT_EQ(FromAlphabet("a b"), std::nullopt);
  EXPECT_EQ(FromAlphabet("\u65E5"), std::nullopt);
}

}  // namespace
}  // namespace winnow::model
