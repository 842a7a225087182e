#include "model/policy.h"

#include <gtest/gtest.h>

#include "tests/model/tiny_model.h"

namespace winnow::model {
namespace {

class PolicyTest : public testing::Test {
 protected:
  ThreadPool pool_{2};
  std::unique_ptr<device::Ops<float>> ops_ = *device::MakeCpuOps(device::Arithmetic::kF32, &pool_);
  const Batch batch_ = MakeBatch({20, 9}, 37);

  std::vector<float> LogProbsOf(Policy<float>& policy) {
    HeadValues<float> values;
    policy.LogProbs(batch_.Views(), /*temperature=*/1.0, &values);
    return values.log_prob;
  }
  // One plain gradient step.
  void Step(Policy<float>& policy) {
    HeadValues<float> values;
    policy.TrainForward(batch_.Views(), {}, nullptr, &values);
    policy.TrainBackward(MakeGradients<float>(batch_.NumWanted()));
    const std::span<const float> gradient = policy.Gradient();
    const std::span<float> weights = policy.trainable();
    for (size_t i = 0; i < weights.size(); ++i) weights[i] += 0.1f * gradient[i];
    policy.WeightsChanged();
    policy.ClearGradient();
  }
};

TEST_F(PolicyTest, InitialWeightsDependOnTheSeedAlone) {
  const auto a = MakeTiny<float>({}, {}, ops_.get(), 1), b = MakeTiny<float>({}, {}, ops_.get(), 1),
             c = MakeTiny<float>({}, {}, ops_.get(), 2);
  EXPECT_EQ(a->WeightsDigest(), b->WeightsDigest());
  EXPECT_FALSE(a->WeightsDigest() == c->WeightsDigest());
}

TEST_F(PolicyTest, ChangedWeightsChangeDigestAndLogProbs) {
  const auto policy = MakeTiny<float>({.tied = true}, {}, ops_.get());
  const Digest digest = policy->WeightsDigest();
  const std::vector<float> before = LogProbsOf(*policy);
  Step(*policy);
  EXPECT_FALSE(policy->WeightsDigest() == digest);
  EXPECT_NE(LogProbsOf(*policy), before);
}

TEST_F(PolicyTest, AStepAlongTheGradientRaisesTheObjective) {
  const auto policy = MakeTiny<float>({}, {}, ops_.get());
  const auto gradients = MakeGradients<float>(batch_.NumWanted(), /*entropy=*/false);
  const auto objective = [&] {
    const std::vector<float> x = LogProbsOf(*policy);
    double sum = 0;
    for (size_t i = 0; i < x.size(); ++i) sum += static_cast<double>(gradients[i].log_prob) * x[i];
    return sum;
  };
  const double before = objective();
  HeadValues<float> values;
  policy->TrainForward(batch_.Views(), {}, nullptr, &values);
  policy->TrainBackward(gradients);
  const std::span<const float> gradient = policy->Gradient();
  for (size_t i = 0; i < gradient.size(); ++i) policy->trainable()[i] += 1e-4f * gradient[i];
  policy->WeightsChanged();
  EXPECT_GT(objective(), before);
}

TEST_F(PolicyTest, AFreshAdapterGivesTheBasesBits) {
  const TemporaryFolder folder;
  folder.Write("config.json", ConfigJson({.type = "qwen2"}));
  const auto base = *InitializePolicy<float>(folder.path(), {}, /*seed=*/7, ops_.get());
  const auto adapted =
      *InitializePolicy<float>(folder.path(), {.lora = {.rank = 4}}, /*seed=*/7, ops_.get());
  EXPECT_EQ(LogProbsOf(*adapted), LogProbsOf(*base));
}

TEST_F(PolicyTest, TrainingAdaptersLeavesTheBaseAlone) {
  const auto policy = MakeTiny<float>({.type = "qwen3"}, {.lora = {.rank = 4}}, ops_.get());
  EXPECT_EQ(policy->Gradient().size(), policy->trainable_layout().size());
  EXPECT_LT(policy->trainable_layout().size(), policy->base_layout().size());
  for (const Parameter& parameter : policy->trainable_layout().parameters()) {
    EXPECT_NE(parameter.name.find(".lora_"), std::string::npos) << parameter.name;
  }
  policy->ClearGradient();
  const auto base = policy->WithoutAdapters();
  const Digest base_digest = base->WeightsDigest(), digest = policy->WeightsDigest();
  const std::vector<float> base_log_probs = LogProbsOf(*base);
  EXPECT_NE(LogProbsOf(*policy), base_log_probs);
  Step(*policy);
  EXPECT_EQ(base->WeightsDigest(), base_digest);
  EXPECT_EQ(LogProbsOf(*base), base_log_probs);
  EXPECT_FALSE(policy->WeightsDigest() == digest);
  EXPECT_EQ(MakeTiny<float>({}, {}, ops_.get())->WithoutAdapters(), nullptr);
}

TEST_F(PolicyTest, TheReferenceOfEqualWeightsHasNoDistance) {
  const auto policy = MakeTiny<float>({}, {}, ops_.get());
  const auto reference = MakeTiny<float>({}, {.trainable = false}, ops_.get());
  HeadValues<float> values;
  policy->TrainForward(batch_.Views(), {}, reference.get(), &values);
  ASSERT_EQ(values.kl.size(), batch_.NumWanted());
  for (const float kl : values.kl) EXPECT_EQ(kl, 0.0f);
  const auto other = MakeTiny<float>({}, {.trainable = false}, ops_.get(), /*seed=*/8);
  policy->TrainForward(batch_.Views(), {}, other.get(), &values);
  for (const float kl : values.kl) EXPECT_GT(kl, 0.0f);
}

TEST_F(PolicyTest, CountsItsKeysAndValues) {
  const auto policy = MakeTiny<float>({}, {}, ops_.get());
  EXPECT_EQ(policy->KvBytesPerToken(), 2u * 2 * 2 * 4 * 4);
  const auto kv = policy->MakeKvStorage(/*page_tokens=*/16, 3);
  EXPECT_EQ(kv->page_tokens(), 16u);
  EXPECT_EQ(kv->num_pages(), 3u);
}

TEST_F(PolicyTest, LoadingNamesWhatIsMissing) {
  const TemporaryFolder folder;
  EXPECT_EQ(LoadPolicy<float>(folder.path(), {}, ops_.get()).status().message(),
            folder.File("config.json") + " (No such file or directory)");
  folder.Write("config.json", ConfigJson({}));
  EXPECT_EQ(LoadPolicy<float>(folder.path(), {}, ops_.get()).status().message(),
            folder.path() + ": must hold model.safetensors or model.safetensors.index.json");
}

using PolicyDeathTest = PolicyTest;

TEST_F(PolicyDeathTest, RefusesABackwardPassWithoutItsForwardPass) {
  const auto policy = MakeTiny<float>({}, {}, ops_.get());
  const auto gradients = MakeGradients<float>(batch_.NumWanted());
  EXPECT_DEATH(policy->TrainBackward(gradients), "awaits_backward_");
}

}  // namespace
}  // namespace winnow::model
