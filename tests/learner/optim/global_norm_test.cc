#include "learner/optim/global_norm.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace winnow::learner {
namespace {

TEST(GlobalNormTest, SumsInDoubleAndDoesNotDependOnThreads) {
  std::vector<float> gradient(100003);
  double squares = 0;
  for (size_t i = 0; i < gradient.size(); ++i) {
    gradient[i] = 1e-3f * static_cast<float>(i % 1013);
    squares += static_cast<double>(gradient[i]) * static_cast<double>(gradient[i]);
  }
  ThreadPool one(1), four(4);
  const double norm = GlobalNorm<float>(gradient, &one);
  EXPECT_NEAR(norm, std::sqrt(squares), 1e-10 * norm);
  EXPECT_EQ(norm, GlobalNorm<float>(gradient, &four));
}

TEST(GlobalNormTest, LargeValuesDoNotOverflowFloat) {
  ThreadPool pool(1);
  EXPECT_NEAR(GlobalNorm<float>(std::vector<float>{3e30f, 4e30f}, &pool), 5e30, 1e24);
}

TEST(GlobalNormTest, NanIsSeenWhereverItIs) {
  ThreadPool pool(1);
  std::vector<float> gradient(7, 1.0f);
  gradient[6] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(GlobalNorm<float>(gradient, &pool)));
}

TEST(GlobalNormTest, TheClipFactorNeverEnlarges) {
  EXPECT_DOUBLE_EQ(ClipFactor(4.0, 1.0), 1.0 / (4.0 + 1e-6));
  EXPECT_EQ(ClipFactor(0.5, 1.0), 1.0);
  EXPECT_EQ(ClipFactor(1e9, std::nullopt), 1.0);
}

}  // namespace
}  // namespace winnow::learner
