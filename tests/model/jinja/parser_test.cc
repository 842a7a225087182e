#include "model/jinja/parser.h"

#include <gtest/gtest.h>

#include "tests/model/jinja/rendering.h"

namespace winnow::model::jinja {
namespace {

TEST(ParseTemplateTest, NamesBlocksThatItDoesNotKnow) {
  EXPECT_EQ(RenderText("a\n{% include 'x' %}"), "2: block `include` is not supported");
  EXPECT_EQ(RenderText("{% block a %}{% endblock %}"), "1: block `block` is not supported");
  EXPECT_EQ(RenderText("{% for i in l recursive %}{% endfor %}"),
            "1: recursive loops are not supported");
}

TEST(ParseTemplateTest, NamesWhatIsMissing) {
  EXPECT_EQ(RenderText("{% if x %}\n\n"), "1: missing `endif` of the block");
  EXPECT_EQ(RenderText("{% endif %}"), "1: block `endif` is not supported");
  EXPECT_EQ(RenderText("{% for x %}{% endfor %}"), "1: expected `in`, found `%}`");
  EXPECT_EQ(RenderText("{% set 1 = 2 %}"), "1: expected a name, found the number 1");
  EXPECT_EQ(RenderText("{% set true = 2 %}"), "1: cannot assign to `true`");
  EXPECT_EQ(RenderText("{% break %}"), "1: `break` must be inside of a loop");
  EXPECT_EQ(RenderText("{% macro m(a=1, b) %}{% endmacro %}"),
            "1: a parameter without a default follows one that has one");
}

TEST(ParseTemplateTest, BoundsNestingOfBlocks) {
  std::string source;
  for (int i = 0; i < 10000; ++i) source += "{% if 1 %}";
  EXPECT_EQ(RenderText(source), "1: template may be nested at most 100 deep");
}

}  // namespace
}  // namespace winnow::model::jinja
