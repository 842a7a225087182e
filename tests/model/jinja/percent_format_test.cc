#include "model/jinja/percent_format.h"

#include <gtest/gtest.h>

#include "tests/model/jinja/rendering.h"

namespace winnow::model::jinja {
namespace {

std::string Formatted(const std::string& format, const Value& value) {
  return PercentFormat(format, value, 1000);
}

TEST(PercentFormatTest, ConvertsAsPython) {
  EXPECT_EQ(Formatted("%s|%r", Value::MakeList({Value::String("a"), Value::String("b")},
                                               List::Flavor::kTuple)),
            "a|'b'");
  EXPECT_EQ(Formatted("%05d", Value::Int(-42)), "-0042");
  EXPECT_EQ(Formatted("%-4s|", Value::String("\u00E9")), "\u00E9   |");
  EXPECT_EQ(Formatted("%+.2f%%", Value::Float(2.5)), "+2.50%");
  EXPECT_EQ(Formatted("%x", Value::Int(255)), "ff");
  EXPECT_EQ(Formatted("%.2s", Value::String("abc")), "ab");
}

TEST(PercentFormatTest, TakesValuesByName) {
  Dict dict;
  dict.Set(Value::String("a"), Value::Int(1));
  EXPECT_EQ(Formatted("%(a)s-%(a)s", Value::MakeDict(std::move(dict))), "1-1");
}

TEST(PercentFormatTest, RefusesWhatPythonRefuses) {
  EXPECT_THROW(Formatted("%s %s", Value::Int(1)), Error);
  EXPECT_THROW(Formatted("none", Value::Int(1)), Error);
  EXPECT_THROW(Formatted("%d", Value::String("a")), Error);
  EXPECT_THROW(Formatted("%", Value::Int(1)), Error);
  EXPECT_THROW(Formatted("%q", Value::Int(1)), Error);
  EXPECT_THROW(Formatted("%99999999999999d", Value::Int(1)), Error);
  EXPECT_THROW(Formatted("%2000d", Value::Int(1)), Error);
}

}  // namespace
}  // namespace winnow::model::jinja
