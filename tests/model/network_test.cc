#include "model/network.h"

#include <gtest/gtest.h>

#include "tests/model/tiny_model.h"

namespace winnow::model {
namespace {

class NetworkTest : public testing::Test {
 protected:
  ModelConfig ConfigOf(const TinyModel& model) {
    const TemporaryFolder folder;
    folder.Write("config.json", ConfigJson(model));
    return *LoadModelConfig(folder.path());
  }
  static constexpr auto kBoth = device::PackFor::kForwardAndInputGradient;
  ThreadPool pool_{1};
  std::unique_ptr<device::Ops<double>> ops_ = device::MakeReferenceOps(&pool_);
};

TEST_F(NetworkTest, PointsAtWeightsAndTheirGradients) {
  BaseWeights<double> base(ConfigOf({.type = "qwen2"}), kBoth, ops_.get());
  base.Pack();
  std::vector<double> gradient(base.layout().size());
  const auto network =
      BuildNetwork<double>(base, nullptr, {.layout = &base.layout(), .values = gradient.data()});
  ASSERT_EQ(network.layers.size(), 2u);
  const Parameter* bias = base.layout().Find("model.layers.1.self_attn.k_proj.bias");
  EXPECT_EQ(network.layers[1].k.bias, base.values().data() + bias->offset);
  EXPECT_EQ(network.layers[1].k.bias_gradient, gradient.data() + bias->offset);
  EXPECT_EQ(network.layers[1].o.bias, nullptr);
  EXPECT_EQ(network.layers[1].q_norm.weight, nullptr);
  EXPECT_EQ(network.head.weight_gradient,
            gradient.data() + base.layout().Find("lm_head.weight")->offset);
  EXPECT_NE(network.head.weight_gradient, network.embedding_gradient);
}

TEST_F(NetworkTest, TiesTheHeadToTheEmbedding) {
  BaseWeights<double> base(ConfigOf({.tied = true}), kBoth, ops_.get());
  base.Pack();
  std::vector<double> gradient(base.layout().size());
  const auto network =
      BuildNetwork<double>(base, nullptr, {.layout = &base.layout(), .values = gradient.data()});
  EXPECT_EQ(network.head.weight_gradient, network.embedding_gradient);
}

TEST_F(NetworkTest, FreezesTheBaseUnderAdapters) {
  const ModelConfig config = ConfigOf({.type = "qwen3"});
  BaseWeights<double> base(config, kBoth, ops_.get());
  base.Pack();
  const auto adapters = *Adapters<double>::Make(
      config, {.rank = 2, .alpha = 6, .target_modules = {"q_proj", "down_proj"}}, kBoth,
      ops_.get());
  std::vector<double> gradient(adapters->layout().size());
  const auto network = BuildNetwork<double>(
      base, adapters.get(), {.layout = &adapters->layout(), .values = gradient.data()});
  const DecoderLayer<double>& layer = network.layers[1];
  EXPECT_EQ(layer.q.rank, 2u);
  EXPECT_EQ(layer.q.scale, 3.0);
  EXPECT_NE(layer.q.a_gradient, nullptr);
  EXPECT_NE(layer.down.b_gradient, nullptr);
  EXPECT_EQ(layer.k.rank, 0u);
  EXPECT_EQ(layer.q.weight_gradient, nullptr);
  EXPECT_EQ(layer.attention_norm.gradient, nullptr);
  EXPECT_EQ(network.embedding_gradient, nullptr);
  EXPECT_EQ(network.head.weight_gradient, nullptr);
}

}  // namespace
}  // namespace winnow::model
