#include "model/jinja/attributes.h"

#include <gtest/gtest.h>

#include "tests/model/jinja/rendering.h"

namespace winnow::model::jinja {
namespace {

TEST(AttributesTest, FindsMethodsBeforeEntriesAndSubscriptsTheOtherWay) {
  const std::string data = R"({"d": {"items": 1, "role": "user"}})";
  EXPECT_EQ(Print("d.role, d['role'], d['items']", data), "('user', 'user', 1)");
  EXPECT_EQ(Print("d.items() | list", data), "[('items', 1), ('role', 'user')]");
}

TEST(AttributesTest, HasDictAndListMethods) {
  const std::string data = R"({"d": {"a": 1}, "l": [3, 1, 3]})";
  EXPECT_EQ(Print("d.get('a'), d.get('b'), d.get('b', 2), d.keys() | list, d.values()", data),
            "(1, None, 2, ['a'], dict_values([1]))");
  EXPECT_EQ(Print("l.count(3), l.index(1)", data), "(2, 1)");
  EXPECT_EQ(Print("l.index(9)", data), "1: value is not in list");
}

TEST(AttributesTest, LeavesWhatIsMissingUndefined) {
  EXPECT_EQ(Print("[d.x, none.x, n.x] | map('default', '-') | join", R"({"d": {}, "n": 1})"),
            "---");
  EXPECT_EQ(Print("d.x.y", R"({"d": {}})"), "1: 'dict object' has no attribute 'x'");
  EXPECT_EQ(Print("nope.y"), "1: 'nope' is undefined");
}

TEST(AttributesTest, RefusesWhatChangesValuesAndWhatIsUnsafe) {
  EXPECT_EQ(Print("l.append(1)", R"({"l": []})"), "1: method `append` of 'list' is not supported");
  EXPECT_EQ(Print("d.update({})", R"({"d": {}})"), "1: method `update` of 'dict' is not supported");
  EXPECT_EQ(Print("''.__class__"), "1: access to attribute `__class__` is unsafe");
}

TEST(AttributesTest, FollowsPaths) {
  const Value value = ReadJson(R"({"a": [{"b": 7}]})");
  EXPECT_EQ(PathOf(value, Value::String("a.0.b")).integer(), 7);
  EXPECT_TRUE(PathOf(value, Value::String("a.1")).IsUndefined());
}

}  // namespace
}  // namespace winnow::model::jinja
