#include "orchestrator/evaluator.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "reward/registry.h"
#include "tests/support/tiny_model.h"

namespace winnow::orchestrator {
namespace {

TEST(EvaluatorTest, AnswersAreTheSameWhateverTheBatch) {
  const std::string folder = testing_support::FreshFolder("evaluator");
  testing_support::WriteTinyModel(folder);
  std::string lines;
  for (int i = 0; i < 20; ++i) {
    lines += "{\"prompt\":\"p" + std::to_string(i) + "\",\"answer\":\"1\",\"id\":\"" +
             std::to_string(i) + "\"}\n";
  }
  ASSERT_TRUE(WriteFileAtomically(folder + "/val.jsonl", lines).ok());
  const auto tokenizer = model::Tokenizer::Load(folder).value();
  const auto source = PromptSource::Load({.files = {folder + "/val.jsonl"}}, *tokenizer, nullptr);
  ASSERT_TRUE(source.ok());
  ThreadPool pool(1);
  const auto ops = device::MakeCpuOps(device::Arithmetic::kF32, &pool).value();
  const auto policy =
      model::InitializePolicy<float>(folder, {.trainable = false}, 5, ops.get()).value();
  reward::Scorer scorer(reward::MakeVerifier("numeric", {}).value());
  const EvaluatorOptions options{.num_samples = 2, .generation = {.max_tokens = 8}};
  std::vector<std::vector<int32_t>> responses[2];
  for (const size_t width : {1u, 64u}) {
    rollout::Engine engine(policy.get(), tokenizer.get(), {.max_num_seqs = width});
    RolloutStage stage(&engine, tokenizer.get(), &scorer);
    const auto result = RunEvaluation(
        options, *source, scorer.range(), PolicyVersion(0), &stage, [&](const JudgedGroup& group) {
          for (const auto& sample : group.samples) {
            responses[width == 1 ? 0 : 1].push_back(sample.trajectory.tokens);
          }
        });
    ASSERT_TRUE(result.ok()) << result.status().ToString();
    EXPECT_EQ(result->count, 20u);
    EXPECT_EQ(result->samples, 40u);
    EXPECT_EQ(result->unknown, 0u);
  }
  EXPECT_EQ(responses[0], responses[1]);
}

TEST(EvaluatorTest, TheAnswersFormFollowsTheVerifier) {
  EXPECT_EQ(AnswerFormOf("numeric"), reward::AnswerForm::kNumber);
  EXPECT_EQ(AnswerFormOf("math"), reward::AnswerForm::kMath);
  EXPECT_EQ(AnswerFormOf("exact"), reward::AnswerForm::kLine);
}

}  // namespace
}  // namespace winnow::orchestrator
