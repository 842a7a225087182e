#include "base/philox.h"

#include <gtest/gtest.h>

namespace winnow {
namespace {

using Words = std::array<uint32_t, 4>;

const NoiseKey kStreamX{.seed = 42, .prompt = PromptId(0x0123456789abcdef), .step = 7, .sample = 3};

// The known answers of speculation.md §1.2.
TEST(PhiloxTest, GivesTheAnswersOfRandom123) {
  EXPECT_EQ(Philox({0, 0}, {0, 0, 0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(Philox({~0u, ~0u}, {~0u, ~0u, ~0u, ~0u}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox({0xa4093822, 0x299f31d0}, {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(PhiloxTest, HashesStreamsAndBranches) {
  const Words h = StreamHash(kStreamX);
  EXPECT_EQ(h, (Words{0xd5aae9b2, 0xdc566d79, 0xf8f810a6, 0xd40c28c2}));
  const Words once = FoldBranch(h, 0, 1);
  EXPECT_EQ(once, (Words{0xe852832b, 0x6daa1bd0, 0x83f51d2a, 0xc5ed5491}));
  EXPECT_EQ(FoldBranch(once, 2, 0), (Words{0xf080f405, 0x8d1ae965, 0x04ddbfcb, 0x3900be64}));
  EXPECT_EQ(StreamHash({.seed = 0xfedcba9876543210,
                        .prompt = PromptId(~0ull),
                        .step = 1000,
                        .use = NoiseUse::kEval,
                        .occurrence = 2,
                        .sample = 15}),
            (Words{0xeb558276, 0x09f41bf5, 0x8326c9a0, 0x8abd2df1}));
}

TEST(PhiloxTest, DrawsByPositionAndPurpose) {
  const Words h = StreamHash(kStreamX);
  EXPECT_EQ(Draw(h, 17, NoisePurpose::kInverseCdf, 0),
            (Words{0xdcf4c3e5, 0xc10cba8f, 0xacb55e3a, 0x4f42343f}));
  EXPECT_EQ(Draw(h, 17, NoisePurpose::kGumbel, 12345),
            (Words{0x65246f4b, 0x455b070c, 0xd1ac64b4, 0x5643bfad}));
}

// The known answers of greso.md §2.3.
TEST(PhiloxTest, GivesFilterDraws) {
  EXPECT_EQ(FilterUniform(42, PromptId(7), 1, 0), 0.24620301913916098);
  EXPECT_EQ(FilterUniform(0, PromptId(1), 1, 0), 0.8728175507954024);
  EXPECT_EQ(FilterUniform(42, PromptId(7), 2, 0), 0.016319862264303375);
  EXPECT_EQ(FilterUniform(42, PromptId(0x0123456789abcdef), 1, 0), 0.15159707238623765);
  EXPECT_EQ(FilterUniform(0x123456789, PromptId(5), 3, 0), 0.45837614564576523);
  EXPECT_EQ(FilterUniform(42, PromptId(7), 1, 1), 0.13669596640259618);
}

TEST(PhiloxDeathTest, RefusesFieldsThatDoNotFit) {
  EXPECT_DEATH(StreamHash({.sample = 1u << 20}), "check failed");
  EXPECT_DEATH(Draw({}, 0, NoisePurpose::kGumbel, 1u << 24), "check failed");
}

}  // namespace
}  // namespace winnow
