#include "reward/json_tree.h"

#include <gtest/gtest.h>

namespace winnow::reward {
namespace {

JsonNode Read(std::string_view text) {
  const auto node = ReadJson(text);
  EXPECT_TRUE(node.has_value()) << text;
  return node.value_or(JsonNode());
}

TEST(JsonTreeTest, NumbersAreEqualByValueAtAnyLength) {
  EXPECT_EQ(Read("1"), Read("1.0"));
  EXPECT_EQ(Read("100"), Read("1e2"));
  EXPECT_EQ(Read("0.001"), Read("1E-3"));
  EXPECT_EQ(Read("-0.0"), Read("0"));
  EXPECT_EQ(Read("1e0"), Read("10e-1"));
  EXPECT_NE(Read("-1"), Read("1"));
  EXPECT_NE(Read("123456789012345678901234567890"), Read("123456789012345678901234567891"));
  EXPECT_NE(Read("0.1"), Read("0.10000000000000000001"));
  EXPECT_NE(Read("1"), Read("\"1\""));
  EXPECT_NE(Read("1"), Read("true"));
}

TEST(JsonTreeTest, NumbersAreOrderedByValue) {
  const char* ascending[] = {"-1e3", "-12", "-1.5", "-0.02", "0", "0.1", "0.11", "2", "10", "1e9"};
  for (size_t i = 0; i < std::size(ascending); ++i) {
    for (size_t j = 0; j < std::size(ascending); ++j) {
      EXPECT_EQ(Compare(*ReadJsonNumber(ascending[i]), *ReadJsonNumber(ascending[j])), i <=> j)
          << ascending[i] << " " << ascending[j];
    }
  }
}

TEST(JsonTreeTest, KeyOrderIsFree) {
  EXPECT_EQ(Read(R"({"a":[1,{"b":2,"c":3}],"d":null})"),
            Read(R"({"d":null,"a":[1,{"c":3,"b":2}]})"));
  EXPECT_NE(Read("[1,2]"), Read("[2,1]"));
  EXPECT_NE(Read(R"({"a":1})"), Read(R"({"a":1,"b":1})"));
  EXPECT_NE(Read("{}"), Read("[]"));
}

TEST(JsonTreeTest, RefusesWhatIsNoJsonOrTooLarge) {
  for (const char* text : {"", "{", "[1,]", "1 2", "{\"a\":1,\"a\":1}", "nan", "'a'", "1e10001"}) {
    EXPECT_FALSE(ReadJson(text).has_value()) << text;
  }
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(ReadJson(nested(64)).has_value());
  EXPECT_FALSE(ReadJson(nested(65)).has_value());
  const auto list = [](size_t count) {
    std::string text = "[0";
    for (size_t i = 1; i < count; ++i) text += ",0";
    return text + "]";
  };
  EXPECT_TRUE(ReadJson(list(999)).has_value());
  EXPECT_FALSE(ReadJson(list(1000)).has_value());
}

TEST(JsonTreeTest, ShareCountsThePathsOfBoth) {
  const auto share = [](const char* a, const char* b) {
    EXPECT_EQ(ShareOfEqualLeaves(Read(a), Read(b)), ShareOfEqualLeaves(Read(b), Read(a)));
    return ShareOfEqualLeaves(Read(a), Read(b));
  };
  EXPECT_EQ(share(R"({"a":1,"b":2})", R"({"b":2.0,"a":1})"), 1.0);
  EXPECT_EQ(share(R"({"a":1,"b":2})", R"({"a":1,"b":3})"), 0.5);
  EXPECT_EQ(share(R"({"a":1})", R"({"a":1,"b":[1,2,3]})"), 0.25);
  EXPECT_EQ(share("[1,2,3,4]", "[1,2]"), 0.5);
  EXPECT_EQ(share("[]", "[]"), 1.0);
  EXPECT_EQ(share("[]", "[1,2]"), 0.0);
  EXPECT_EQ(share("1", "2"), 0.0);
}

}  // namespace
}  // namespace winnow::reward
