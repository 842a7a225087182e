#include "model/training_memory.h"

#include <gtest/gtest.h>

#include "tests/model/tiny_model.h"

namespace winnow::model {
namespace {

struct Case {
  const char* name;
  TinyModel model;
  TrainOptions options;
  size_t lora_rank = 0;
  bool with_reference = false;
};

class TrainingMemoryTest : public testing::TestWithParam<Case> {};

TEST_P(TrainingMemoryTest, IsWhatThePolicyHoldsAfterAPass) {
  const Case& given = GetParam();
  ThreadPool pool(1);
  const auto ops = *device::MakeCpuOps(device::Arithmetic::kBf16Pair, &pool);
  const auto policy = MakeTiny<float>(given.model, {.lora = {.rank = given.lora_rank}}, ops.get());
  const auto reference = given.with_reference
                             ? MakeTiny<float>(given.model, {.trainable = false}, ops.get())
                             : nullptr;
  const Batch batch = MakeBatch({641, 513}, given.model.vocab);
  const size_t wanted = batch.NumWanted();
  HeadValues<float> values;
  policy->TrainForward(batch.Views(), given.options, reference.get(), &values);
  policy->TrainBackward(MakeGradients<float>(wanted, true, given.with_reference));
  const double want = TrainingPassBytes(policy->config(), given.options,
                                        {.num_rows = 640 + 512,
                                         .num_wanted = wanted,
                                         .lora_rank = given.lora_rank,
                                         .with_reference = given.with_reference});
  EXPECT_NEAR(static_cast<double>(policy->TrainingBytes()), want, 0.02 * want)
      << "pages are rounded up, and a few values a row are left out";
}

INSTANTIATE_TEST_SUITE_P(
    Ways, TrainingMemoryTest,
    testing::Values(Case{"none", {}, {}}, Case{"none_qk_norm", {.type = "qwen3"}, {}},
                    Case{"selective", {}, {.recompute = Recompute::kSelective}},
                    Case{"full", {}, {.recompute = Recompute::kFull}},
                    Case{"full_chunk", {.vocab = 500}, {Recompute::kFull, 256}, 0, true},
                    Case{"lora", {}, {}, 4},
                    Case{"streamed", {.layers = 6}, {.stream_backward_chunk = 128}}),
    [](const auto& info) { return std::string(info.param.name); });

// SmolLM2-135M: what is the longest sequence in the memory that `recompute: none` needs for 1024
// tokens? All but the prompt's quarter enters the head.
TEST(TrainingMemoryOfSmolLm2Test, StreamingFitsFiveTimesLongerSequencesThanNoRecomputation) {
  const ModelConfig config{.vocab_size = 49152,
                           .hidden_size = 576,
                           .intermediate_size = 1536,
                           .num_layers = 30,
                           .num_heads = 9,
                           .num_kv_heads = 3,
                           .head_dim = 64};
  const auto longest = [&](const TrainOptions& options) {
    const auto bytes = [&](const TrainOptions& way, size_t length) {
      return TrainingPassBytes(config, way, {.num_rows = length, .num_wanted = length * 3 / 4});
    };
    size_t length = 1024;
    while (bytes(options, length + 64) <= bytes({}, 1024)) length += 64;
    return length;
  };
  const size_t full = longest({.recompute = Recompute::kFull});
  const size_t streamed = longest({.stream_backward_chunk = 256});
  RecordProperty("longest_full", std::to_string(full));
  RecordProperty("longest_streamed", std::to_string(streamed));
  EXPECT_GE(streamed, 5u * 1024);
  EXPECT_GT(streamed, full);
}

}  // namespace
}  // namespace winnow::model
