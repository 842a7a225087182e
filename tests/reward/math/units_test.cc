#include "reward/math/units.h"

#include <gtest/gtest.h>

namespace winnow::reward::math {
namespace {

std::string Describe(std::string_view phrase) {
  const auto unit = ReadUnit(phrase);
  return unit ? unit->dimension + " " + unit->factor.ToString() : "none";
}

TEST(UnitsTest, ReadsNamesPrefixesAndPowers) {
  EXPECT_EQ(Describe("cm"), "length 1/100");
  EXPECT_EQ(Describe(" kilometers "), "length 1000");
  EXPECT_EQ(Describe("cm^2"), "length^2 1/10000");
  EXPECT_EQ(Describe("square meters"), "length^2 1");
  EXPECT_EQ(Describe("feet"), "length 381/1250");
  EXPECT_EQ(Describe("dollars"), "money:dollar 1");
  EXPECT_EQ(Describe("square units"), "item^2 1");
}

TEST(UnitsTest, ReadsQuotients) {
  EXPECT_EQ(Describe("km/h"), "length/time 5/18");
  EXPECT_EQ(Describe("miles per hour"), "length/time 1397/3125");
}

TEST(UnitsTest, RefusesOtherWords) {
  for (const char* text : {"", "sandwiches", "cm of rope", "per", "/", "square"}) {
    EXPECT_EQ(Describe(text), "none") << text;
  }
  EXPECT_FALSE(RaiseUnit({"length"}, 7).has_value());
}

}  // namespace
}  // namespace winnow::reward::math
