#include "orchestrator/filter/uniform_stream.h"

#include <gtest/gtest.h>

namespace winnow::orchestrator {
namespace {

TEST(UniformStreamTest, IsBitEqualToTorch) {
  Mt19937Stream stream(/*seed=*/0);
  EXPECT_EQ(stream.Next().value(), 0.49625658988952637);
  EXPECT_EQ(stream.Next().value(), 0.76822179555892944);
}

TEST(UniformStreamTest, OnlyTheLow32BitsOfTheSeedCount) {
  EXPECT_EQ(Mt19937Stream(5).Next().value(), Mt19937Stream((uint64_t{1} << 32) + 5).Next().value());
  EXPECT_NE(Mt19937Stream(5).Next().value(), Mt19937Stream(6).Next().value());
}

TEST(UniformStreamTest, ContinuesAfterASeek) {
  Mt19937Stream whole(7), resumed(7);
  for (int i = 0; i < 1000; ++i) (void)whole.Next();
  (void)resumed.Next();
  resumed.Seek(1000);
  EXPECT_EQ(resumed.draws(), whole.draws());
  EXPECT_EQ(resumed.Next().value(), whole.Next().value());
}

TEST(UniformStreamTest, AListGivesItsNumbersAndThenAnError) {
  ListStream stream({0.25, 0.5});
  EXPECT_EQ(stream.Next().value(), 0.25);
  EXPECT_EQ(stream.Next().value(), 0.5);
  EXPECT_EQ(stream.Next().status().message(),
            "uniforms must hold a number for every draw: 2 given");
  stream.Seek(1);
  EXPECT_EQ(stream.Next().value(), 0.5);
}

}  // namespace
}  // namespace winnow::orchestrator
