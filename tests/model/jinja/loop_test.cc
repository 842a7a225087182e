#include "model/jinja/loop.h"

#include <gtest/gtest.h>

#include "tests/model/jinja/rendering.h"

namespace winnow::model::jinja {
namespace {

TEST(LoopStateTest, ShowsWhereItIs) {
  EXPECT_EQ(RenderText("{% for i in 'abc' %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}"
                       "{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}"
                       "{{ loop.previtem }}{{ loop.nextitem }};{% endfor %}"),
            "1032TrueFalse3b;2121FalseFalse3ac;3210FalseTrue3b;");
}

TEST(LoopStateTest, CountsOnlyWhatPassesTheFilter) {
  EXPECT_EQ(RenderText("{% for i in range(9) if i % 3 == 0 %}{{ loop.index }}/{{ loop.length }}:"
                       "{{ i }}{{ '' if loop.last else ' ' }}{% endfor %}"),
            "1/3:0 2/3:3 3/3:6");
}

TEST(LoopStateTest, AsksTheFilterAsLateAsJinja) {
  const std::string begin = "{% set ns = namespace(c=0) %}{% for i in [1, 2, 3] if ns.c < 1 %}";
  const std::string end = "{% set ns.c = ns.c + 1 %}{{ i }}{% endfor %}";
  EXPECT_EQ(RenderText(begin + end), "1");
  EXPECT_EQ(RenderText(begin + "{{ loop.length }}" + end), "313233");
}

TEST(LoopStateTest, CyclesAndSeesChanges) {
  EXPECT_EQ(RenderText("{% for i in [1, 1, 2] %}{{ loop.cycle('a', 'b') }}"
                       "{{ loop.changed(i) }} {% endfor %}"),
            "aTrue bFalse aTrue ");
}

TEST(LoopStateTest, KnowsNothingAheadOnceItIsOver) {
  EXPECT_EQ(RenderText("{% set ns = namespace() %}{% for i in [1, 2] if i %}{% set ns.l = loop %}"
                       "{% break %}{% endfor %}{{ ns.l.index }}{{ ns.l.length }}"),
            "1: the loop is over: what lay ahead of it is not known");
}

}  // namespace
}  // namespace winnow::model::jinja
