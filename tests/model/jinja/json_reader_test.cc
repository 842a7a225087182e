#include "model/jinja/json_reader.h"

#include <gtest/gtest.h>

#include "model/jinja/printing.h"
#include "tests/model/jinja/rendering.h"

namespace winnow::model::jinja {
namespace {

TEST(ReadJsonTest, KeepsTheOrderOfKeysAndTheLastOfEqualOnes) {
  EXPECT_EQ(Repr(ReadJson(R"({"z": 1, "a": 2, "z": 3})")), "{'z': 3, 'a': 2}");
}

TEST(ReadJsonTest, TellsIntegersFromFloats) {
  EXPECT_TRUE(ReadJson("1").Is(Value::Kind::kInt));
  EXPECT_TRUE(ReadJson("1.0").Is(Value::Kind::kFloat));
  EXPECT_TRUE(ReadJson("1e3").Is(Value::Kind::kFloat));
  EXPECT_EQ(ReadJson("-9223372036854775808").integer(), INT64_MIN);
}

TEST(ReadJsonTest, RefusesWhatItCannotHold) {
  EXPECT_THROW(ReadJson("9223372036854775808"), Error);
  EXPECT_THROW(ReadJson("-9223372036854775809"), Error);
  EXPECT_THROW(ReadJson("99999999999999999999999999"), Error);
  EXPECT_THROW(ReadJson("{"), Error);
  EXPECT_THROW(ReadJson(""), Error);
  EXPECT_THROW(ReadJson("\"\xFF\""), Error);
  EXPECT_THROW(ReadJson(R"("\ud800")"), Error);
  EXPECT_THROW(ReadJson("1 2"), Error);
}

TEST(ReadJsonTest, BoundsNesting) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_NO_THROW(ReadJson(nested(Value::kMaxDepth)));
  EXPECT_THROW(ReadJson(nested(Value::kMaxDepth + 1)), Error);
  EXPECT_THROW(ReadJson(std::string(1000000, '[')), Error);
}

}  // namespace
}  // namespace winnow::model::jinja
