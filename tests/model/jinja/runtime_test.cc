#include "model/jinja/runtime.h"

#include <gtest/gtest.h>

#include "tests/model/jinja/rendering.h"

namespace winnow::model::jinja {
namespace {

TEST(RuntimeTest, CountsSteps) {
  Runtime runtime({.max_steps = 10}, 0);
  runtime.Charge(10);
  EXPECT_THROW(runtime.Charge(1), Error);
  EXPECT_THROW(runtime.Charge(~size_t{0} >> 1), Error);
}

TEST(RuntimeTest, BoundsTexts) {
  Runtime runtime({.max_output_bytes = 4}, 0);
  EXPECT_EQ(runtime.MakeText("abcd").text(), "abcd");
  EXPECT_THROW(runtime.MakeText("abcde"), Error);
}

TEST(RuntimeTest, CallsWhatCanBeCalled) {
  Runtime runtime(RenderLimits(), 0);
  EXPECT_THROW(runtime.Call(Value::Int(1), {}), Error);
  EXPECT_THROW(runtime.Call(Value::Undefined("'x' is undefined"), {}), Error);
}

TEST(RuntimeTest, FreesNamespacesThatHoldEachOther) {
  auto watched = std::make_shared<Namespace>();
  std::weak_ptr<Namespace> watch;
  {
    Runtime runtime(RenderLimits(), 0);
    const Value a = runtime.MakeNamespace({});
    const Value b = runtime.MakeNamespace({});
    a.space().fields.Set(Value::String("other"), b);
    b.space().fields.Set(Value::String("other"), a);
    b.space().fields.Set(Value::String("watched"), Value::OfNamespace(watched));
    watch = watched;
    watched.reset();
    EXPECT_FALSE(watch.expired());
  }
  EXPECT_TRUE(watch.expired());
}

}  // namespace
}  // namespace winnow::model::jinja
