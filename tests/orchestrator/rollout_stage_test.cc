#include "orchestrator/rollout_stage.h"

#include <gtest/gtest.h>

#include "tests/support/tiny_model.h"

namespace winnow::orchestrator {
namespace {

// Pays the number of response tokens, capped at 1 for an empty one; fails on demand.
class LengthVerifier : public reward::Verifier {
 public:
  LengthVerifier() {
    traits_.name = "length";
    traits_.range = {0.0f, 100.0f};
  }
  const reward::Traits& traits() const override { return traits_; }
  void Verify(std::span<const reward::Sample> samples, reward::Deadline,
              std::span<reward::Verdict> out) override {
    for (size_t i = 0; i < samples.size(); ++i) {
      out[i] = reward::Verdict::Scored(static_cast<float>(samples[i].response_tokens), {},
                                       traits_.range);
    }
  }

 private:
  reward::Traits traits_;
};

class RolloutStageTest : public testing::Test {
 protected:
  RolloutStageTest()
      : folder_(testing_support::FreshFolder("rollout_stage")),
        pool_(1),
        ops_(device::MakeCpuOps(device::Arithmetic::kF32, &pool_).value()),
        scorer_(std::make_unique<LengthVerifier>()) {
    testing_support::WriteTinyModel(folder_);
    tokenizer_ = model::Tokenizer::Load(folder_).value();
    policy_ = model::InitializePolicy<float>(folder_, {.trainable = false}, 5, ops_.get()).value();
    for (int i = 0; i < 3; ++i) {
      Prompt prompt;
      prompt.id = PromptId(i);
      prompt.text = std::string("prompt ") + static_cast<char>('a' + i);
      prompt.tokens = tokenizer_->Encode(prompt.text);
      prompts_.push_back(prompt);
    }
  }

  std::string folder_;
  ThreadPool pool_;
  std::unique_ptr<device::Ops<float>> ops_;
  std::unique_ptr<model::Tokenizer> tokenizer_;
  std::unique_ptr<model::Policy<float>> policy_;
  reward::Scorer scorer_;
  std::vector<Prompt> prompts_;
};

TEST_F(RolloutStageTest, JudgesEverySampleOfEveryGroupInOrder) {
  rollout::Engine engine(policy_.get(), tokenizer_.get(), {.max_num_seqs = 2});
  RolloutStage stage(&engine, tokenizer_.get(), &scorer_);
  for (uint32_t step = 1; step <= 2; ++step) {
    std::vector<GroupPlan> plans;
    for (const Prompt& prompt : prompts_) {
      plans.push_back(
          {.prompt = &prompt, .key = {.prompt = prompt.id, .step = step}, .num_samples = 3});
    }
    const auto groups = stage.Run(plans, {.max_tokens = 6}, PolicyVersion(step));
    ASSERT_TRUE(groups.ok()) << groups.status().ToString();
    ASSERT_EQ(groups->size(), 3u);
    for (size_t g = 0; g < 3; ++g) {
      EXPECT_EQ((*groups)[g].prompt, &prompts_[g]);
      ASSERT_EQ((*groups)[g].samples.size(), 3u);
      for (uint32_t s = 0; s < 3; ++s) {
        const JudgedTrajectory& judged = (*groups)[g].samples[s];
        EXPECT_EQ(judged.trajectory.sample, s);
        EXPECT_EQ(judged.trajectory.prompt, prompts_[g].id);
        ASSERT_TRUE(judged.verdict.is_scored());
        EXPECT_EQ(judged.verdict.reward(), judged.trajectory.tokens.size());
      }
    }
    EXPECT_EQ(stage.counts().done, 9u * step);
  }
}

TEST_F(RolloutStageTest, VerifiersDoNotSeeTheTokenThatEndedAResponse) {
  rollout::Engine engine(policy_.get(), tokenizer_.get(), {});
  RolloutStage stage(&engine, tokenizer_.get(), &scorer_);
  const std::vector<GroupPlan> plans = {
      {.prompt = &prompts_[0], .key = {.prompt = PromptId(9)}, .num_samples = 64}};
  const auto groups = stage.Run(plans, {.max_tokens = 240}, PolicyVersion(0));
  ASSERT_TRUE(groups.ok());
  bool any = false;
  for (const JudgedTrajectory& judged : (*groups)[0].samples) {
    any = any || judged.trajectory.ended_by_eos;
    EXPECT_EQ(judged.text.find("<|endoftext|>"), std::string::npos);
  }
  EXPECT_TRUE(any);
}

}  // namespace
}  // namespace winnow::orchestrator
