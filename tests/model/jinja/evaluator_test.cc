#include "model/jinja/evaluator.h"

#include <gtest/gtest.h>

#include "tests/model/jinja/rendering.h"

namespace winnow::model::jinja {
namespace {

TEST(RenderTest, KeepsWhatALoopSetsInsideOfIt) {
  EXPECT_EQ(RenderText("{% set a = 1 %}{% for i in [2, 3] %}{{ a }}{% set a = i %}{{ a }};"
                       "{% endfor %}{{ a }}"),
            "12;13;1");
  EXPECT_EQ(RenderText("{% if 1 %}{% set a = 5 %}{% endif %}{{ a }}"), "5");
}

TEST(RenderTest, LoopsWithElseBreakAndContinue) {
  EXPECT_EQ(RenderText("{% for i in [] %}x{% else %}none{% endfor %}"), "none");
  EXPECT_EQ(RenderText("{% for i in range(9) %}{% if i == 1 %}{% continue %}{% endif %}"
                       "{% if i == 4 %}{% break %}{% endif %}{{ i }}{% endfor %}"),
            "023");
  EXPECT_EQ(RenderText("{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}"),
            "123");
  EXPECT_EQ(RenderText("{% for a, b in [(1, 2, 3)] %}{% endfor %}"),
            "1: expected 2 values to unpack, found 3");
}

TEST(RenderTest, CallsMacros) {
  EXPECT_EQ(RenderText("{% macro m(a, b=2, c=a) %}{{ a }}{{ b }}{{ c }} {% endmacro %}"
                       "{{ m(1) }}{{ m(1, c=5) }}{{ m(b=0, a=7) }}"),
            "121 125 707 ");
  EXPECT_EQ(RenderText("{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, x=2) }}"),
            "(1,){'x': 2}");
  EXPECT_EQ(RenderText("{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}"),
            "1: macro 'm' takes not more than 1 argument(s)");
  EXPECT_EQ(RenderText("{% macro m(a) %}{% endmacro %}{{ m(z=2) }}"),
            "1: macro 'm' takes no keyword argument 'z'");
}

TEST(RenderTest, LetsMacrosSeeWhatIsAroundThem) {
  EXPECT_EQ(RenderText("{% macro m() %}{{ v }}{% endmacro %}{% set v = 3 %}{{ m() }}"
                       "{% set v = 4 %}{{ m() }}"),
            "34");
  EXPECT_EQ(RenderText("{% set ns = namespace() %}{% for i in [1, 2] %}{% macro m() %}{{ i }}"
                       "{% endmacro %}{% set ns.m = m %}{% endfor %}{{ ns.m() }}"),
            "2");
}

TEST(RenderTest, HandsBodiesToMacrosAndFilters) {
  EXPECT_EQ(RenderText("{% macro m() %}[{{ caller(3) }}]{% endmacro %}"
                       "{% call(x) m() %}body {{ x }}{% endcall %}"),
            "[body 3]");
  EXPECT_EQ(RenderText("{% filter replace('a', 'b') | upper %}aca{% endfilter %}"), "BCB");
  EXPECT_EQ(RenderText("{% set t | trim %}  {{ 1 }} {% endset %}[{{ t }}]"), "[1]");
}

TEST(RenderTest, MarksWhatTheModelWroteWithoutATrace) {
  EXPECT_EQ(RenderText("a{% generation %}b{% set x = 1 %}{% endgeneration %}{{ x }}"), "ab");
}

TEST(RenderTest, AssignsFieldsOfNamespacesOnly) {
  EXPECT_EQ(RenderText("{% set d = {} %}{% set d.x = 1 %}"),
            "1: cannot assign attribute on non-namespace object `d`");
}

TEST(RenderTest, BoundsStepsOutputAndDepth) {
  const std::string loops =
      "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";
  EXPECT_EQ(RenderText(loops, "{}", {.max_steps = 100000}),
            "1: template takes more than 100000 steps");
  EXPECT_EQ(RenderText("{% for a in range(1000) %}0123456789{% endfor %}", "{}",
                       {.max_output_bytes = 5000}),
            "1: template renders to more than 5000 bytes");
  EXPECT_EQ(RenderText("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"),
            "1: template nests more than 1500 deep");
  EXPECT_EQ(RenderText("{% set ns = namespace(s='0123456789') %}{% for i in range(100) %}"
                       "{% set ns.s = ns.s + ns.s %}{% endfor %}"),
            "1: a text or list is larger than allowed");
}

TEST(RenderTest, SurvivesValuesThatHoldThemselves) {
  EXPECT_EQ(RenderText("{% set ns = namespace() %}{% set ns.me = ns %}{{ ns.me.me is mapping }}"),
            "False");
  const std::string deep = RenderText(
      "{% set ns = namespace(l=[]) %}{% for i in range(10000) %}{% set ns.l = [ns.l] %}{% endfor "
      "%}");
  EXPECT_EQ(deep, "1: values may be nested at most 128 deep");
  // A chain of namespaces, each made before the next one is put into it.
  EXPECT_EQ(RenderText("{% set ns = namespace(all=[]) %}{% for i in range(2000) %}"
                       "{% set ns.all = ns.all + [namespace()] %}{% endfor %}"
                       "{% for n in ns.all %}{% if loop.nextitem is defined %}"
                       "{% set n.next = loop.nextitem %}{% endif %}{% endfor %}ok"),
            "ok");
}

TEST(RenderTest, GivesEqualTextsForEqualInputs) {
  const std::string source = "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}";
  const std::string data = R"({"d": {"z": 1, "y": 2, "x": 3}})";
  EXPECT_EQ(RenderText(source, data), "z=1;y=2;x=3;");
  EXPECT_EQ(RenderText(source, data), RenderText(source, data));
}

}  // namespace
}  // namespace winnow::model::jinja
