#include "reward/code/exact_json.h"

#include <gtest/gtest.h>

namespace winnow::reward {
namespace {

TEST(ExactJsonTest, ComesBackAsItWas) {
  for (const char* text :
       {R"({"a":[1,-2,18446744073709551615],"b":"x\"y"})", "123456789012345678901234567890",
        R"([-99999999999999999999,"99999999999999999999"])", "null", R"("\u00e9")"}) {
    const auto json = ParseExactly(text);
    ASSERT_TRUE(json) << text;
    EXPECT_EQ(DumpExactly(*json), text);
  }
}

TEST(ExactJsonTest, RefusesWhatIsNoJson) {
  EXPECT_FALSE(ParseExactly(""));
  EXPECT_FALSE(ParseExactly("[1,]"));
  EXPECT_FALSE(ParseExactly("assert f(1) == 2"));
  EXPECT_FALSE(ParseExactly("NaN"));
  EXPECT_FALSE(ParseExactly(std::string(300, '[') + std::string(300, ']')));
}

}  // namespace
}  // namespace winnow::reward
