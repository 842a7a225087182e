// T1 of learner.md §11: the backward pass against central differences, in double.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "tests/model/tiny_model.h"

namespace winnow::model {
namespace {

struct Case {
  std::string name;
  TinyModel model;
  size_t lora_rank = 0;
  bool with_reference = false;
  std::vector<size_t> lengths = {11, 5};
  std::optional<Batch> batch = {};  // instead of one of `lengths`
  size_t stream_backward_chunk = 0;
};

// Two paths side by side, in two samples that share the trunk and the first path.
Batch BranchedAndShared() {
  Batch batch = MakeBranchedBatch({{6, 4, 3, 3}, {6, 4, 2, 4}}, 37);
  std::copy_n(batch.tokens[0].begin(), 10, batch.tokens[1].begin());
  std::fill_n(batch.masks[1].begin(), 10, uint8_t{0});
  batch.num_shared = {0, 10};
  return batch;
}

class GradientCheckTest : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    const Case& given = GetParam();
    policy_ = MakeTiny<double>(given.model,
                               {.lora = {.rank = given.lora_rank, .alpha = 3, .use_rslora = true}},
                               ops_.get());
    if (given.with_reference) {
      reference_ = MakeTiny<double>(given.model, {.trainable = false}, ops_.get(), /*seed=*/8);
    }
    batch_ = given.batch ? *given.batch : MakeBatch(given.lengths, given.model.vocab);
    gradients_ = MakeGradients<double>(batch_.NumWanted(), /*entropy=*/true, given.with_reference);
  }

  // Σ g.log_prob·x + g.entropy·H + g.kl·K over the wanted tokens.
  double Objective() {
    policy_->WeightsChanged();
    HeadValues<double> values;
    policy_->TrainForward(
        batch_.Views(),
        {.temperature = 0.7, .stream_backward_chunk = GetParam().stream_backward_chunk},
        reference_.get(), &values);
    double sum = 0;
    for (size_t i = 0; i < gradients_.size(); ++i) {
      sum +=
          gradients_[i].log_prob * values.log_prob[i] + gradients_[i].entropy * values.entropy[i];
      if (reference_ != nullptr) sum += gradients_[i].kl * values.kl[i];
    }
    return sum;
  }

  // Central difference along `direction` [size] of one tensor.
  double Difference(const Parameter& parameter, const std::vector<double>& direction) {
    constexpr double kStep = 1e-5;
    const std::span<double> values = policy_->trainable().subspan(parameter.offset, parameter.size);
    const std::vector<double> start(values.begin(), values.end());
    const auto objective_at = [&](double step) {
      for (size_t i = 0; i < start.size(); ++i) values[i] = start[i] + step * direction[i];
      return Objective();
    };
    const double difference = (objective_at(kStep) - objective_at(-kStep)) / (2 * kStep);
    std::copy(start.begin(), start.end(), values.begin());
    return difference;
  }

  ThreadPool pool_{1};
  std::unique_ptr<device::Ops<double>> ops_ = device::MakeReferenceOps(&pool_);
  std::unique_ptr<Policy<double>> policy_, reference_;
  Batch batch_;
  std::vector<device::HeadRowGradient<double>> gradients_;
};

TEST_P(GradientCheckTest, EveryTensorAgreesWithCentralDifferences) {
  Objective();
  policy_->TrainBackward(gradients_);
  const std::span<const double> span = policy_->Gradient();
  const std::vector<double> gradient(span.begin(), span.end());
  const auto hash = StreamHash({.seed = 17});
  for (const Parameter& parameter : policy_->trainable_layout().parameters()) {
    double sum = 0;
    for (size_t i = 0; i < parameter.size; ++i) sum += std::pow(gradient[parameter.offset + i], 2);
    const double typical = std::sqrt(sum / static_cast<double>(parameter.size));
    ASSERT_GT(typical, 0.0) << parameter.name;
    for (uint32_t draw = 0; draw < 20; ++draw) {
      const size_t i =
          Draw(hash, static_cast<uint32_t>(parameter.offset), NoisePurpose::kInverseCdf, draw)[0] %
          parameter.size;
      std::vector<double> direction(parameter.size, 0.0);
      direction[i] = 1;
      const double want = gradient[parameter.offset + i];
      ASSERT_NEAR(Difference(parameter, direction), want, 1e-6 * std::max(std::abs(want), typical))
          << parameter.name << " element " << i;
    }
    std::vector<double> direction(parameter.size);
    double along = 0;
    for (size_t i = 0; i < parameter.size; ++i) {
      direction[i] = UnitDouble(Draw(hash, static_cast<uint32_t>(parameter.offset + i),
                                     NoisePurpose::kGumbel, 0)) -
                     0.5;
      along += direction[i] * gradient[parameter.offset + i];
    }
    ASSERT_NEAR(Difference(parameter, direction), along,
                1e-6 * std::max(std::abs(along), std::sqrt(sum)))
        << parameter.name << " along a random direction";
  }
}

INSTANTIATE_TEST_SUITE_P(
    Models, GradientCheckTest,
    testing::Values(Case{"llama_untied_blocks", {.layers = 1}, 0, false, {70, 6}},
                    Case{"llama_tied_biases",
                         {.tied = true, .attention_bias = true, .mlp_bias = true}},
                    Case{"qwen2_tied_reference", {.type = "qwen2", .tied = true}, 0, true},
                    Case{"qwen3_tied", {.type = "qwen3", .tied = true}},
                    Case{"qwen3_untied_lora_reference", {.type = "qwen3"}, 3, true},
                    Case{"qwen2_tied_lora", {.type = "qwen2", .tied = true}, 2},
                    Case{"two_paths_shared", {}, 0, false, {}, BranchedAndShared()},
                    Case{"two_paths_shared_streamed",
                         {.type = "qwen3", .layers = 1},
                         0,
                         false,
                         {},
                         BranchedAndShared(),
                         64},
                    Case{"shared_prompt",
                         {.type = "qwen2", .tied = true},
                         0,
                         false,
                         {},
                         MakeSharedBatch({4, 3}, {{5, 1, 3}, {2, 4}}, 37)},
                    Case{"streamed", {.layers = 1}, 0, false, {135, 6}, std::nullopt, 64}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace winnow::model
