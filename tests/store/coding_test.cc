#include "store/coding.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace winnow::store {
namespace {

TEST(CodingTest, KeysSortLikeNumbers) {
  std::string small, large;
  PutBigEndian64(255, &small);
  PutBigEndian64(256, &large);
  EXPECT_LT(small, large);
  EXPECT_EQ(large, std::string("\0\0\0\0\0\0\1\0", 8));
}

TEST(CodingTest, NumbersSurviveARoundTrip) {
  for (uint64_t value : {uint64_t{0}, uint64_t{127}, uint64_t{128}, uint64_t{300},
                         uint64_t{1} << 35, std::numeric_limits<uint64_t>::max()}) {
    std::string bytes;
    PutVarint(value, &bytes);
    PutSignedVarint(static_cast<int64_t>(value), &bytes);
    PutSignedVarint(-static_cast<int64_t>(value >> 1), &bytes);
    PutBigEndian64(value, &bytes);
    PutLittleEndian64(value, &bytes);
    ByteReader reader(bytes);
    EXPECT_EQ(reader.Varint(), value);
    EXPECT_EQ(reader.SignedVarint(), static_cast<int64_t>(value));
    EXPECT_EQ(reader.SignedVarint(), -static_cast<int64_t>(value >> 1));
    EXPECT_EQ(reader.BigEndian64(), value);
    EXPECT_EQ(reader.LittleEndian64(), value);
    EXPECT_TRUE(reader.AtEnd());
  }
}

TEST(CodingTest, SmallSignedNumbersAreShort) {
  std::string bytes;
  PutSignedVarint(-1, &bytes);
  PutSignedVarint(1, &bytes);
  PutSignedVarint(-64, &bytes);
  EXPECT_EQ(bytes, "\x01\x02\x7f");
}

TEST(CodingTest, FloatsKeepTheirBits) {
  std::string bytes;
  PutFloat(0.1f, &bytes);
  PutDouble(-0.0, &bytes);
  PutBytes("text", &bytes);
  ByteReader reader(bytes);
  EXPECT_EQ(reader.Float(), 0.1f);
  EXPECT_TRUE(std::signbit(reader.Double()));
  EXPECT_EQ(reader.Bytes(), "text");
  EXPECT_TRUE(reader.AtEnd());
}

TEST(CodingTest, ReadingPastTheEndFailsForGood) {
  ByteReader reader(std::string_view("\1\2\3", 3));
  EXPECT_EQ(reader.LittleEndian32(), 0u);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.Byte(), 0);  // though bytes are left
  EXPECT_FALSE(reader.AtEnd());
}

TEST(CodingTest, RefusesVarintsThatDoNotFit) {
  const std::string endless(11, static_cast<char>(0x80));
  ByteReader too_long(endless);
  too_long.Varint();
  EXPECT_FALSE(too_long.ok());
  ByteReader too_large(std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"));
  too_large.Varint();
  EXPECT_FALSE(too_large.ok());
  ByteReader not_32_bits(std::string_view("\xff\xff\xff\xff\x1f"));
  not_32_bits.Varint32();
  EXPECT_FALSE(not_32_bits.ok());
  ByteReader long_bytes(std::string_view("\x05ha", 3));
  EXPECT_EQ(long_bytes.Bytes(), "");
  EXPECT_FALSE(long_bytes.ok());
}

}  // namespace
}  // namespace winnow::store
