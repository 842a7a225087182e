#include "model/jinja/value.h"

#include <gtest/gtest.h>

#include "tests/model/jinja/rendering.h"

namespace winnow::model::jinja {
namespace {

TEST(ValueTest, KnowsWhatIsTrue) {
  EXPECT_FALSE(Value::Undefined("x").Truthy());
  EXPECT_FALSE(Value::String("").Truthy());
  EXPECT_FALSE(Value::MakeList({}).Truthy());
  EXPECT_FALSE(Value::Float(0).Truthy());
  EXPECT_TRUE(Value::MakeList({Value::None()}).Truthy());
  EXPECT_TRUE(Value::Int(-1).Truthy());
}

TEST(ValueTest, FindsEqualKeysOfDicts) {
  Dict dict;
  dict.Set(Value::Int(1), Value::String("one"));
  dict.Set(Value::Bool(true), Value::String("true"));
  EXPECT_EQ(dict.size(), 1u);
  EXPECT_EQ(dict.Find(Value::Float(1.0))->text(), "true");
  EXPECT_EQ(dict.Find("1"), nullptr);
  EXPECT_THROW(dict.Set(Value::MakeList({}), Value::None()), Error);
}

TEST(ValueTest, KeepsTheOrderOfInsertion) {
  Dict dict;
  for (const char* key : {"z", "a", "m", "z"}) dict.Set(Value::String(key), Value::None());
  ASSERT_EQ(dict.size(), 3u);
  EXPECT_EQ(dict.entries()[0].first.text(), "z");
  EXPECT_EQ(dict.entries()[2].first.text(), "m");
}

TEST(ValueTest, BoundsNesting) {
  Value value = Value::None();
  for (int i = 0; i < Value::kMaxDepth; ++i) value = Value::MakeList({value});
  EXPECT_EQ(value.Depth(), Value::kMaxDepth);
  EXPECT_THROW(Value::MakeList({value}), Error);
  Dict dict;
  EXPECT_THROW(dict.Set(Value::Int(1), value), Error);
}

}  // namespace
}  // namespace winnow::model::jinja
