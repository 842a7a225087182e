#include "learner/loss/registry.h"

#include "gtest/gtest.h"

namespace winnow::learner {
namespace {

TEST(PolicyLossRegistryTest, EveryListedNameMakesALoss) {
  for (std::string_view name : PolicyLossNames()) {
    const auto loss = MakePolicyLoss({.loss_mode = std::string(name)});
    ASSERT_TRUE(loss.ok()) << name;
    EXPECT_EQ((*loss)->needs_selection(), name.ends_with("_cov")) << name;
  }
}

TEST(PolicyLossRegistryTest, UnknownNamesSayWhatIsAllowed) {
  EXPECT_EQ(MakePolicyLoss({.loss_mode = "ppo"}).status().message(),
            "learner.policy_loss.loss_mode must be one of vanilla, gspo, cispo, clip_cov, kl_cov: "
            "\"ppo\"");
}

}  // namespace
}  // namespace winnow::learner
