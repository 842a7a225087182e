#include "model/jinja/scope.h"

#include <gtest/gtest.h>

#include "tests/model/jinja/rendering.h"

namespace winnow::model::jinja {
namespace {

TEST(ScopeTest, LooksAroundItself) {
  Scope outer(nullptr);
  Scope inner(&outer);
  outer.Set("a", Value::Int(1));
  inner.Set("b", Value::Int(2));
  inner.Set("b", Value::Int(3));
  EXPECT_EQ(inner.Find("a")->integer(), 1);
  EXPECT_EQ(inner.Find("b")->integer(), 3);
  EXPECT_EQ(outer.Find("b"), nullptr);
}

TEST(ScopeTest, KeepsAllScopesAroundAMacro) {
  Scope outer(nullptr);
  Scope inner(&outer);
  inner.Keep();
  EXPECT_TRUE(inner.is_kept());
  EXPECT_TRUE(outer.is_kept());
}

}  // namespace
}  // namespace winnow::model::jinja
