#include "model/export.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "tests/model/tiny_model.h"

namespace winnow::model {
namespace {

class ExportTest : public testing::Test {
 protected:
  std::unique_ptr<Policy<float>> Make(const TinyModel& model, const PolicyOptions& options) {
    source_.Write("config.json", ConfigJson(model));
    source_.Write("tokenizer.json", "{\"t\": 1}");
    source_.Write("generation_config.json", R"({"eos_token_id": 3})");
    source_.Write("training.log", "not part of a model");
    auto policy = InitializePolicy<float>(source_.path(), options, /*seed=*/7, ops_.get());
    EXPECT_TRUE(policy.ok()) << policy.status().message();
    Perturb(**policy);
    return *std::move(policy);
  }
  std::unique_ptr<Policy<float>> Load(const std::string& folder, const LoraOptions& lora = {}) {
    auto policy = LoadPolicy<float>(folder, {.lora = lora}, ops_.get());
    EXPECT_TRUE(policy.ok()) << policy.status().message();
    return *std::move(policy);
  }
  std::vector<float> Logits(Policy<float>& policy) {
    const std::vector<int32_t> tokens{1, 5, 9, 2, 30}, pages{0};
    const auto kv = policy.MakeKvStorage(/*page_tokens=*/8, 1);
    const PassSequence sequence{.pages = pages, .row_begin = 0, .row_end = tokens.size()};
    const std::vector<size_t> rows{0, 1, 2, 3, 4};
    std::vector<float> logits(tokens.size() * policy.config().vocab_size);
    policy.Forward(tokens, {&sequence, 1}, kv.get(), {.rows = rows, .z = logits.data()});
    return logits;
  }
  std::string Target() const { return target_.path() + "/export"; }

  ThreadPool pool_{1};
  std::unique_ptr<device::Ops<float>> ops_ = *device::MakeCpuOps(device::Arithmetic::kF32, &pool_);
  TemporaryFolder source_, target_;
};

TEST_F(ExportTest, AnExportedModelLoadsWithTheSameBits) {
  const auto policy = Make({.type = "qwen3", .tied = true}, {});
  ASSERT_TRUE(policy->Export(source_.path(), Target(), ExportKind::kMerged).ok());
  const auto loaded = Load(Target());
  EXPECT_EQ(loaded->WeightsDigest(), policy->WeightsDigest());
  EXPECT_EQ(Logits(*loaded), Logits(*policy));
}

TEST_F(ExportTest, AModelWithoutMastersGivesTheSameBits) {
  for (const bool tied : {true, false}) {
    const auto policy = Make({.type = "qwen2", .tied = tied}, {});
    const std::string target = Target() + (tied ? "-tied" : "-untied");
    ASSERT_TRUE(policy->Export(source_.path(), target, ExportKind::kMerged).ok());
    auto light = LoadPolicy<float>(target, {.trainable = false, .keep_masters = false}, ops_.get());
    ASSERT_TRUE(light.ok()) << light.status().message();
    EXPECT_EQ(Logits(**light), Logits(*policy)) << tied;
    EXPECT_DEATH((*light)->WeightsDigest(), "has_masters");
  }
}

TEST_F(ExportTest, RoundsToTheStoredDtype) {
  const auto policy = Make({.dtype = "bfloat16"}, {});
  ASSERT_TRUE(policy->Export(source_.path(), Target(), ExportKind::kMerged).ok());
  const auto loaded = Load(Target());
  EXPECT_EQ(loaded->config().stored_dtype, "bfloat16");
  const auto got = loaded->base_weights(), want = std::as_const(*policy).base_weights();
  for (size_t i = 0; i < want.size(); ++i) {
    ASSERT_NEAR(got[i], want[i], std::abs(want[i]) / 256) << i;
  }
  ASSERT_TRUE(loaded->Export(Target(), target_.path() + "/again", ExportKind::kMerged).ok());
  EXPECT_EQ(Load(target_.path() + "/again")->WeightsDigest(), loaded->WeightsDigest());
}

TEST_F(ExportTest, CopiesWhatBelongsToAModelAndNothingElse) {
  const auto policy = Make({}, {});
  ASSERT_TRUE(policy->Export(source_.path(), Target(), ExportKind::kMerged).ok());
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(Target())) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"config.json", "generation_config.json",
                                             "model.safetensors", "tokenizer.json"}));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(target_.path()), {}), 1)
      << "no temporary folder is left";
}

TEST_F(ExportTest, RefusesAFolderWithFiles) {
  const auto policy = Make({}, {});
  EXPECT_EQ(policy->Export(source_.path(), source_.path(), ExportKind::kMerged).message(),
            source_.path() + ": must not exist or be an empty folder, to export into");
  EXPECT_EQ(policy->Export(source_.path(), Target(), ExportKind::kAdapter).message(),
            "an adapter can be exported only from a run with model.lora_rank > 0");
}

TEST_F(ExportTest, MergedAndUnmergedAdaptersAgree) {
  const auto policy = Make({.type = "qwen2"}, {.lora = {.rank = 3, .alpha = 2}});
  ASSERT_TRUE(policy->Export(source_.path(), Target(), ExportKind::kMerged).ok());
  const std::vector<float> got = Logits(*Load(Target())), want = Logits(*policy);
  double worst = 0;
  for (size_t i = 0; i < want.size(); ++i)
    worst = std::max<double>(worst, std::abs(got[i] - want[i]));
  EXPECT_LE(worst, 1e-5);
  EXPECT_NE(got, Logits(*policy->WithoutAdapters()));
}

TEST_F(ExportTest, AnExportedAdapterContinuesWithTheSameBits) {
  LoraOptions lora{.rank = 3, .alpha = 2.5, .use_rslora = true};
  const auto policy = Make({}, {.lora = lora});
  const std::string base = target_.path() + "/base";
  ASSERT_TRUE(policy->WithoutAdapters()->Export(source_.path(), base, ExportKind::kMerged).ok());
  ASSERT_TRUE(policy->Export(base, Target(), ExportKind::kAdapter).ok());
  EXPECT_TRUE(std::filesystem::exists(Target() + "/adapter_config.json"));
  EXPECT_TRUE(std::filesystem::exists(Target() + "/adapter_model.safetensors"));
  lora.adapter_folder = Target();
  const auto loaded = Load(base, lora);
  EXPECT_EQ(loaded->WeightsDigest(), policy->WeightsDigest());
  EXPECT_EQ(Logits(*loaded), Logits(*policy));
}

}  // namespace
}  // namespace winnow::model
