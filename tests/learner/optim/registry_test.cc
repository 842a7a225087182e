#include "learner/optim/registry.h"

#include "gtest/gtest.h"

namespace winnow::learner {
namespace {

TEST(OptimizerRegistryTest, NamesOfTheDesignAreNotBuiltYetAndOthersRefused) {
  ThreadPool pool(1);
  EXPECT_TRUE(MakeOptimizer<float>({.name = "adamw"}, {{.size = 1}}, &pool).ok());
  const Status later = MakeOptimizer<float>({.name = "apollo"}, {}, &pool).status();
  EXPECT_EQ(later.code(), StatusCode::kUnimplemented);
  EXPECT_EQ(later.message(), "learner.optim.name: apollo is not built yet");
  EXPECT_EQ(MakeOptimizer<float>({.name = "sgd"}, {}, &pool).status().message(),
            "learner.optim.name must be adamw: \"sgd\"");
}

}  // namespace
}  // namespace winnow::learner
