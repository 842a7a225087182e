#include "orchestrator/problems/registry.h"

#include <gtest/gtest.h>

namespace winnow::orchestrator {
namespace {

TEST(ProblemRegistryTest, MakesEveryFamilyByItsName) {
  for (const std::string& name : ProblemFamilyNames()) {
    const auto family = MakeProblemFamily(name, "");
    ASSERT_TRUE(family.ok()) << family.status().ToString();
    EXPECT_EQ((*family)->name(), name);
  }
}

TEST(ProblemRegistryTest, NamesTheFamiliesForAnUnknownOne) {
  EXPECT_EQ(MakeProblemFamily("chainsum", "").status().message(),
            "--task must be one of chain_sum, countdown, gsm_graph: \"chainsum\"");
}

TEST(ProblemRegistryTest, PassesOnAMistakeInTheDifficulty) {
  EXPECT_EQ(MakeProblemFamily("gsm_graph", "ops=3").status().message(),
            "--difficulty: ops is not a key: the keys are op, noise, max_value");
}

}  // namespace
}  // namespace winnow::orchestrator
