#include "model/training_pass.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/model/tiny_model.h"

namespace winnow::model {
namespace {

struct Case {
  device::Arithmetic arithmetic;
  TinyModel model;
  size_t lora_rank = 0;
};

// How one gradient is computed; none of it may change a bit (T3 of learner.md §11).
struct Way {
  int threads = 1;
  size_t sequences_per_call = 100;
  Recompute recompute = Recompute::kNone;
  size_t head_chunk_tokens = 64;
  size_t head_chunk_bytes = 0;
  size_t stream_backward_chunk = 0;
};

struct Outcome {
  std::vector<float> log_prob, entropy, kl, gradient;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

class TrainingPassTest : public testing::TestWithParam<Case> {
 protected:
  Outcome Run(const Way& way) const { return Run(way, batch_); }

  Outcome Run(const Way& way, const Batch& batch) const {
    ThreadPool pool(way.threads);
    const auto ops = *device::MakeCpuOps(GetParam().arithmetic, &pool);
    const auto policy =
        MakeTiny<float>(GetParam().model, {.lora = {.rank = GetParam().lora_rank}}, ops.get());
    const auto reference =
        MakeTiny<float>(GetParam().model, {.trainable = false}, ops.get(), /*seed=*/8);
    const TrainOptions options{.recompute = way.recompute,
                               .head_chunk_tokens = way.head_chunk_tokens,
                               .head_chunk_bytes = way.head_chunk_bytes,
                               .temperature = 0.9,
                               .stream_backward_chunk = way.stream_backward_chunk};
    const auto gradients = MakeGradients<float>(batch.NumWanted(), true, /*kl=*/true);
    Outcome outcome;
    size_t first = 0;
    for (size_t begin = 0; begin < batch.tokens.size(); begin += way.sequences_per_call) {
      const size_t end = begin + way.sequences_per_call;
      const size_t count = batch.NumWanted(begin, end);
      HeadValues<float> values;
      policy->TrainForward(batch.Views(begin, end), options, reference.get(), &values);
      policy->TrainBackward(std::span(gradients).subspan(first, count));
      outcome.log_prob.insert(outcome.log_prob.end(), values.log_prob.begin(),
                              values.log_prob.end());
      outcome.entropy.insert(outcome.entropy.end(), values.entropy.begin(), values.entropy.end());
      outcome.kl.insert(outcome.kl.end(), values.kl.begin(), values.kl.end());
      first += count;
    }
    const std::span<const float> gradient = policy->Gradient();
    outcome.gradient.assign(gradient.begin(), gradient.end());
    return outcome;
  }

  // Values must be equal; each tensor's gradient close: by the largest norm, within 1e-6. With bf16
  // operands a sum of another order may be rounded to the neighbour, 2⁻⁸ off, before it is one of
  // many terms.
  void ExpectClose(const Outcome& got, const Outcome& want, const std::string& what) const {
    SCOPED_TRACE(what);
    EXPECT_EQ(got.log_prob, want.log_prob);
    EXPECT_EQ(got.entropy, want.entropy);
    EXPECT_EQ(got.kl, want.kl);
    const double bound = GetParam().arithmetic == device::Arithmetic::kF32 ? 1e-6 : 4e-3;
    ThreadPool pool(1);
    const auto ops = *device::MakeCpuOps(GetParam().arithmetic, &pool);
    const auto policy =
        MakeTiny<float>(GetParam().model, {.lora = {.rank = GetParam().lora_rank}}, ops.get());
    for (const Parameter& parameter : policy->trainable_layout().parameters()) {
      double largest = 0, difference = 0;
      for (size_t i = parameter.offset; i < parameter.offset + parameter.size; ++i) {
        largest = std::max(largest, std::abs(static_cast<double>(want.gradient[i])));
        difference = std::max(difference, std::abs(static_cast<double>(got.gradient[i]) -
                                                   static_cast<double>(want.gradient[i])));
      }
      EXPECT_GT(largest, 0.0) << parameter.name;
      EXPECT_LE(difference, bound * largest) << parameter.name;
    }
  }

  const Batch batch_ = MakeBatch({133, 70, 66, 9, 2}, 37);
};

TEST_P(TrainingPassTest, StreamingLeavesValuesAloneAndGradientsClose) {
  const Outcome whole = Run({});
  const Outcome streamed = Run({.stream_backward_chunk = 64});
  ExpectClose(streamed, whole, "64");
  ExpectClose(Run({.stream_backward_chunk = 128}), whole, "128");
  EXPECT_EQ(Run({.stream_backward_chunk = 512}), whole) << "one chunk is no streaming";
  EXPECT_EQ(Run({.threads = 2, .recompute = Recompute::kFull, .stream_backward_chunk = 64}),
            streamed);
}

TEST_P(TrainingPassTest, ASharedPromptLeavesValuesAloneAndGradientsClose) {
  const Batch shared =
      MakeSharedBatch({70, 5, 64}, {{80, 1, 33}, {9, 2, 70, 3}, {64, 64}}, GetParam().model.vocab);
  Batch apart = shared;
  apart.num_shared.clear();
  const Outcome whole = Run({}, shared);
  ExpectClose(whole, Run({}, apart), "shared");
  ExpectClose(Run({.stream_backward_chunk = 64}, shared), whole, "shared and streamed");
  EXPECT_EQ(Run({.threads = 3, .recompute = Recompute::kFull}, shared), whole);
  EXPECT_EQ(Run({.recompute = Recompute::kSelective, .head_chunk_tokens = 256}, shared), whole);
}

TEST_P(TrainingPassTest, PathsAndStreamingGoTogether) {
  const Batch paths =
      MakeBranchedBatch({{40, 30, 70, 20}, {5, 3, 2, 4}, {64, 64, 1, 9}}, GetParam().model.vocab);
  const Outcome whole = Run({}, paths);
  EXPECT_EQ(Run({.threads = 2, .sequences_per_call = 1, .recompute = Recompute::kFull}, paths),
            whole);
  ExpectClose(Run({.stream_backward_chunk = 64}, paths), whole, "streamed");
}

TEST_P(TrainingPassTest, ASampleThatIsNotTrainedOnMayStillBeShared) {
  Batch shared = MakeSharedBatch({20}, {{9, 4, 6}}, GetParam().model.vocab);
  std::fill(shared.masks[0].begin(), shared.masks[0].end(), uint8_t{0});
  std::fill(shared.masks[1].begin(), shared.masks[1].end(), uint8_t{0});
  Batch alone = shared;
  alone.num_shared.clear();
  const Outcome want = Run({}, alone), got = Run({}, shared);
  ExpectClose(got, want, "shared");
}

TEST_P(TrainingPassTest, MicroBatchesLeaveTheGradientsBitsAlone) {
  const Outcome all = Run({});
  EXPECT_EQ(all.gradient.size(), Run({}).gradient.size());
  EXPECT_GT(*std::max_element(all.gradient.begin(), all.gradient.end()), 0.0f);
  EXPECT_EQ(Run({.sequences_per_call = 1}), all);
  EXPECT_EQ(Run({.sequences_per_call = 3}), all);
}

TEST_P(TrainingPassTest, ThreadsLeaveTheGradientsBitsAlone) {
  const Outcome serial = Run({});
  EXPECT_EQ(Run({.threads = 2}), serial);
  EXPECT_EQ(Run({.threads = 5}), serial);
}

TEST_P(TrainingPassTest, HeadChunksLeaveTheGradientsBitsAlone) {
  const Outcome small = Run({});
  EXPECT_EQ(Run({.head_chunk_tokens = 128}), small);
  EXPECT_EQ(Run({.head_chunk_tokens = 4096}), small);
  EXPECT_EQ(Run({.head_chunk_bytes = 1 << 20}), small);
}

TEST_P(TrainingPassTest, RecomputationLeavesTheGradientsBitsAlone) {
  const Outcome none = Run({});
  EXPECT_EQ(Run({.recompute = Recompute::kSelective}), none);
  EXPECT_EQ(Run({.threads = 2, .sequences_per_call = 2, .recompute = Recompute::kFull}), none);
}

TEST_P(TrainingPassTest, SequencesWithoutWantedTokensLeaveTheBitsAlone) {
  Batch more = batch_;
  more.tokens.insert(more.tokens.begin() + 2, std::vector<int32_t>(30, 4));
  more.masks.insert(more.masks.begin() + 2, std::vector<uint8_t>(30, 0));
  EXPECT_EQ(Run({}, more), Run({}));
}

TEST_P(TrainingPassTest, TokensAfterTheLastWantedOneLeaveTheBitsAlone) {
  Batch longer = batch_;
  longer.tokens[3].insert(longer.tokens[3].end(), 40, 11);
  longer.masks[3].insert(longer.masks[3].end(), 40, 0);
  EXPECT_EQ(Run({}, longer), Run({}));
}

TEST_P(TrainingPassTest, ClearingTheGradientStartsAfresh) {
  ThreadPool pool(1);
  const auto ops = *device::MakeCpuOps(GetParam().arithmetic, &pool);
  const auto policy =
      MakeTiny<float>(GetParam().model, {.lora = {.rank = GetParam().lora_rank}}, ops.get());
  const auto gradients = MakeGradients<float>(batch_.NumWanted());
  std::vector<std::vector<float>> results;
  for (int round = 0; round < 2; ++round) {
    HeadValues<float> values;
    policy->TrainForward(batch_.Views(), {}, nullptr, &values);
    EXPECT_TRUE(values.kl.empty());
    policy->TrainBackward(gradients);
    const std::span<const float> gradient = policy->Gradient();
    results.emplace_back(gradient.begin(), gradient.end());
    policy->ClearGradient();
    for (const float g : policy->Gradient()) ASSERT_EQ(g, 0.0f);
    policy->ClearGradient();
  }
  EXPECT_EQ(results[0], results[1]);
}

TEST_P(TrainingPassTest, LogProbsEqualThoseOfTheTrainingForward) {
  ThreadPool pool(2);
  const auto ops = *device::MakeCpuOps(GetParam().arithmetic, &pool);
  const auto policy =
      MakeTiny<float>(GetParam().model, {.lora = {.rank = GetParam().lora_rank}}, ops.get());
  HeadValues<float> trained, alone;
  policy->TrainForward(batch_.Views(), {.temperature = 1.3}, nullptr, &trained);
  policy->LogProbs(batch_.Views(), 1.3, &alone);
  EXPECT_EQ(trained.log_prob, alone.log_prob);
  EXPECT_EQ(trained.entropy, alone.entropy);
}

INSTANTIATE_TEST_SUITE_P(
    Arithmetics, TrainingPassTest,
    testing::Values(Case{device::Arithmetic::kF32, {.type = "qwen2", .tied = true}},
                    Case{device::Arithmetic::kF32, {.type = "qwen3"}, 3},
                    Case{device::Arithmetic::kBf16Tile, {.type = "qwen3", .tied = true}},
                    Case{device::Arithmetic::kBf16Pair, {.attention_bias = true}}),
    [](const auto& info) {
      return std::string(device::ArithmeticName(info.param.arithmetic)) + "_" +
             info.param.model.type + (info.param.lora_rank > 0 ? "_lora" : "");
    });

}  // namespace
}  // namespace winnow::model
