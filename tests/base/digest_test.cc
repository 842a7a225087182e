#include "base/digest.h"

#include <gtest/gtest.h>

namespace winnow {
namespace {

TEST(DigestTest, CrcEqualsRfc3720) {
  EXPECT_EQ(Crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(Crc32c(""), 0u);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8A9136AAu);
}

TEST(DigestTest, PiecesEqualTheWhole) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text.push_back(static_cast<char>(i * 31));
  Digester digester;
  digester.Add(text.substr(0, 1234));
  digester.Add(text.substr(1234));
  EXPECT_EQ(digester.Finish(), DigestOf(text));
}

// The published digest of the empty string under XXH3.
TEST(DigestTest, EqualsPublishedXxh3) {
  EXPECT_EQ(Hash64(""), 0x2D06800538D394C2u);
  EXPECT_EQ(ToHex(DigestOf("")), "99aa06d3014798d86001c324468d497f");
}

TEST(DigestTest, HexIsReadBackAndNothingElse) {
  const Digest digest = DigestOf("winnow");
  Digest read;
  ASSERT_TRUE(ParseDigest(ToHex(digest), &read));
  EXPECT_EQ(read, digest);
  EXPECT_FALSE(ParseDigest("12", &read));
  EXPECT_FALSE(ParseDigest(std::string(32, 'G'), &read));
}

}  // namespace
}  // namespace winnow
