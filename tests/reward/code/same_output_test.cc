#include "reward/code/same_output.h"

#include <gtest/gtest.h>

#include <string>

namespace winnow::reward {
namespace {

TEST(SameOutputTest, ComparesTokens) {
  EXPECT_TRUE(SameTokens("1 2\n3\n", "1  2 3"));
  EXPECT_TRUE(SameTokens("", " \n"));
  EXPECT_FALSE(SameTokens("1 2", "1 2 3"));
  EXPECT_FALSE(SameTokens("1 2 3", "1 2"));
  EXPECT_FALSE(SameTokens("12", "1 2"));
  EXPECT_FALSE(SameTokens("YES", "yes"));
}

TEST(SameOutputTest, FractionsHaveATolerance) {
  EXPECT_TRUE(SameTokens("0.333333333", "0.3333333"));
  EXPECT_TRUE(SameTokens("2.50", "2.5"));
  EXPECT_TRUE(SameTokens("3.0", "3"));
  EXPECT_TRUE(SameTokens("1e9", "1000000000.5"));
  EXPECT_FALSE(SameTokens("0.5", "0.50001"));
  EXPECT_FALSE(SameTokens("1e3", "1e3x"));
  EXPECT_FALSE(SameTokens("0.5", "nan"));
  EXPECT_FALSE(SameTokens("1e999", "inf"));
}

TEST(SameOutputTest, IntegersAreExact) {
  EXPECT_FALSE(SameTokens("1000000007", "1000000008"));
  EXPECT_FALSE(SameTokens("1000000007", "1000000007.0"));
  EXPECT_FALSE(SameTokens("123456789012345678901", "123456789012345678902"));
}

TEST(SameOutputTest, ComparesValues) {
  EXPECT_TRUE(SameJson(R"({"a":[1,2],"b":null})", R"({"b": null, "a": [1, 2]})", false));
  EXPECT_TRUE(SameJson("0.1", "0.10000000001", false));
  EXPECT_TRUE(SameJson("2", "2.0", false));
  EXPECT_FALSE(SameJson("2", "2.0000001", false));
  EXPECT_FALSE(SameJson("1", "true", false));
  EXPECT_FALSE(SameJson("\"1\"", "1", false));
  EXPECT_FALSE(SameJson("[1]", "[1,1]", false));
  EXPECT_FALSE(SameJson(R"({"a":1})", R"({"a":1,"b":2})", false));
  EXPECT_FALSE(SameJson("1", "NaN", false));
  EXPECT_FALSE(SameJson("1", "", false));
  EXPECT_FALSE(SameJson("1", "1 1", false));
}

TEST(SameOutputTest, LongIntegersKeepTheirDigits) {
  const std::string long_one = "123456789012345678901234567890";
  EXPECT_TRUE(SameJson(long_one, long_one, false));
  EXPECT_FALSE(SameJson(long_one, "123456789012345678901234567891", false));
  EXPECT_FALSE(SameJson(long_one, "1.2345678901234568e29", false));
}

TEST(SameOutputTest, AWrappedResultCountsWhereAllowed) {
  EXPECT_TRUE(SameJson("[5]", "5", true));
  EXPECT_TRUE(SameJson("[[1,2]]", "[1,2]", true));
  EXPECT_TRUE(SameJson("[5]", "[5]", true));
  EXPECT_FALSE(SameJson("[5]", "5", false));
  EXPECT_FALSE(SameJson("5", "[5]", true));
  EXPECT_FALSE(SameJson("[5,6]", "5", true));
}

TEST(SameOutputTest, DeepNestingIsNoValue) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(SameJson(nested(256), nested(256), false));
  EXPECT_FALSE(SameJson(nested(257), nested(257), false));
  EXPECT_FALSE(SameJson("1", std::string(10'000'000, '['), false));
}

}  // namespace
}  // namespace winnow::reward
