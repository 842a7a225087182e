#include "model/lora.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/model/tiny_model.h"

namespace winnow::model {
namespace {

ModelConfig TinyConfig() {
  const TemporaryFolder folder;
  folder.Write("config.json", ConfigJson({}));
  return *LoadModelConfig(folder.path());
}

TEST(LoraTargetsTest, TakesAllLinearLayersButTheHead) {
  const auto targets = LoraTargets(TinyConfig(), {.rank = 2});
  ASSERT_TRUE(targets.ok());
  EXPECT_EQ(targets->size(), 2 * 7u);
}

TEST(LoraTargetsTest, TakesSuffixes) {
  const auto targets =
      LoraTargets(TinyConfig(), {.rank = 2, .target_modules = {"v_proj", "1.mlp.up_proj"}});
  ASSERT_TRUE(targets.ok());
  ASSERT_EQ(targets->size(), 3u);
  EXPECT_EQ((*targets)[2].name, "model.layers.1.mlp.up_proj");
  EXPECT_EQ(LoraTargets(TinyConfig(), {.rank = 2, .target_modules = {"q_proj", "lm_head"}})
                .status()
                .message(),
            "model.target_modules must be all-linear or end the names of decoder linears (q_proj, "
            "k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj): lm_head");
  EXPECT_FALSE(LoraTargets(TinyConfig(), {.rank = 2, .target_modules = {"roj"}}).ok());
  EXPECT_FALSE(LoraTargets(TinyConfig(), {.rank = 2, .target_modules = {}}).ok());
}

TEST(LoraTest, ScalesByRankOrItsRoot) {
  EXPECT_EQ(LoraScale({.rank = 4, .alpha = 16}), 4.0);
  EXPECT_EQ(LoraScale({.rank = 4, .alpha = 16, .use_rslora = true}), 8.0);
}

class AdaptersTest : public testing::Test {
 protected:
  Result<std::unique_ptr<Adapters<double>>> Make(const LoraOptions& options) {
    return Adapters<double>::Make(TinyConfig(), options, device::PackFor::kForward, ops_.get());
  }
  ThreadPool pool_{1};
  std::unique_ptr<device::Ops<double>> ops_ = device::MakeReferenceOps(&pool_);
};

TEST_F(AdaptersTest, StartWithKeyedAAndZeroB) {
  const auto adapters = *Make({.rank = 3, .seed = 5});
  const auto same = *Make({.rank = 3, .seed = 5}), other = *Make({.rank = 3, .seed = 6});
  EXPECT_TRUE(
      std::equal(adapters->values().begin(), adapters->values().end(), same->values().begin()));
  EXPECT_FALSE(
      std::equal(adapters->values().begin(), adapters->values().end(), other->values().begin()));
  const auto* pair = adapters->Find("model.layers.1.mlp.down_proj");
  ASSERT_NE(pair, nullptr);
  EXPECT_EQ(pair->a->name, "base_model.model.model.layers.1.mlp.down_proj.lora_A.weight");
  EXPECT_EQ(pair->a->shape, (std::vector<size_t>{3, 24}));
  EXPECT_EQ(pair->b->shape, (std::vector<size_t>{16, 3}));
  double largest = 0;
  for (size_t i = 0; i < pair->a->size; ++i) {
    largest = std::max(largest, std::abs(adapters->values()[pair->a->offset + i]));
  }
  EXPECT_LE(largest, 1 / std::sqrt(24.0));
  EXPECT_GT(largest, 0.9 / std::sqrt(24.0));
  for (size_t i = 0; i < pair->b->size; ++i) {
    EXPECT_EQ(adapters->values()[pair->b->offset + i], 0.0);
  }
  EXPECT_EQ(adapters->Find("lm_head"), nullptr);
}

TEST_F(AdaptersTest, WritesThePeftConfig) {
  const auto json = nlohmann::json::parse(AdapterConfigJson(
      TinyConfig(), {.rank = 8, .alpha = 16, .target_modules = {"q_proj"}}, "models/base"));
  EXPECT_EQ(json["peft_type"], "LORA");
  EXPECT_EQ(json["r"], 8);
  EXPECT_EQ(json["lora_alpha"].dump(), "16");
  EXPECT_EQ(json["target_modules"], nlohmann::json({"q_proj"}));
  EXPECT_EQ(json["base_model_name_or_path"], "models/base");
}

TEST_F(AdaptersTest, RefusesAnAdapterOfAnotherShape) {
  const TemporaryFolder folder;
  LoraOptions options{.rank = 4, .alpha = 16, .adapter_folder = folder.path()};
  EXPECT_EQ(Make(options).status().code(), StatusCode::kNotFound);
  folder.Write("adapter_config.json", AdapterConfigJson(TinyConfig(), {.rank = 8}, "base"));
  EXPECT_EQ(Make(options).status().message(),
            folder.File("adapter_config.json") + ": r must be 4, as this run is configured: 8");
  options.rank = 8;
  options.alpha = 32;
  EXPECT_EQ(Make(options).status().message(), folder.File("adapter_config.json") +
                                                  ": lora_alpha must be 32.0, as this run is "
                                                  "configured: 16");
}

}  // namespace
}  // namespace winnow::model
