#include "model/parameters.h"

#include <gtest/gtest.h>

#include "tests/model/tiny_model.h"

namespace winnow::model {
namespace {

ModelConfig ConfigOf(const TinyModel& model) {
  const TemporaryFolder folder;
  folder.Write("config.json", ConfigJson(model));
  return *LoadModelConfig(folder.path());
}

TEST(ParameterLayoutTest, OrdersByNameWithoutGaps) {
  const ParameterLayout layout({{.name = "b", .shape = {2, 3}}, {.name = "a", .shape = {4}}});
  ASSERT_EQ(layout.parameters().size(), 2u);
  EXPECT_EQ(layout.parameters()[0].name, "a");
  EXPECT_EQ(layout.parameters()[1].offset, 4u);
  EXPECT_EQ(layout.size(), 10u);
  EXPECT_EQ(layout.Find("b")->size, 6u);
  EXPECT_EQ(layout.Find("c"), nullptr);
}

TEST(ParameterLayoutTest, HasTheTensorsOfEachFamily) {
  const ParameterLayout llama = BaseLayout(ConfigOf({}));
  EXPECT_NE(llama.Find("lm_head.weight"), nullptr);
  EXPECT_EQ(llama.Find("model.layers.0.self_attn.q_proj.bias"), nullptr);
  EXPECT_EQ(llama.parameters().size(), 3 + 2 * 9u);
  const ParameterLayout biased =
      BaseLayout(ConfigOf({.tied = true, .attention_bias = true, .mlp_bias = true}));
  EXPECT_EQ(biased.Find("lm_head.weight"), nullptr);
  EXPECT_EQ(biased.parameters().size(), 2 + 2 * 16u);
  const ParameterLayout qwen2 = BaseLayout(ConfigOf({.type = "qwen2"}));
  EXPECT_TRUE(qwen2.Find("model.layers.1.self_attn.v_proj.bias")->is_bias);
  EXPECT_EQ(qwen2.Find("model.layers.1.self_attn.o_proj.bias"), nullptr);
  const ParameterLayout qwen3 = BaseLayout(ConfigOf({.type = "qwen3"}));
  EXPECT_TRUE(qwen3.Find("model.layers.1.self_attn.k_norm.weight")->is_norm);
  EXPECT_EQ(qwen3.Find("model.layers.1.self_attn.k_proj.weight")->shape,
            (std::vector<size_t>{8, 16}));
}

TEST(ParameterLayoutTest, ListsTheLinearLayersInForwardOrder) {
  const std::vector<LinearName> linears = LinearsOfLayer(ConfigOf({}), 1);
  ASSERT_EQ(linears.size(), 7u);
  EXPECT_EQ(linears[0].name, "model.layers.1.self_attn.q_proj");
  EXPECT_EQ(linears[6].name, "model.layers.1.mlp.down_proj");
  EXPECT_EQ(linears[6].k, 24u);
}

}  // namespace
}  // namespace winnow::model
