#include "model/base_weights.h"

#include <gtest/gtest.h>

#include <numeric>

namespace winnow::model {
namespace {

const ModelConfig kConfig{.vocab_size = 11,
                          .hidden_size = 8,
                          .intermediate_size = 12,
                          .num_layers = 2,
                          .num_heads = 2,
                          .num_kv_heads = 1,
                          .head_dim = 4,
                          .tie_word_embeddings = true};

class BaseWeightsTest : public testing::Test {
 protected:
  ThreadPool pool_{1};
  std::unique_ptr<device::Ops<double>> ops_ = device::MakeReferenceOps(&pool_);
};

TEST_F(BaseWeightsTest, PacksTheMatrixOfEachLinearLayer) {
  BaseWeights<double> weights(kConfig, device::PackFor::kForward, ops_.get());
  std::iota(weights.values().begin(), weights.values().end(), 1.0);
  weights.Pack();
  const size_t kDown = 6;
  const device::PackedMatrix& down = weights.Linear(1, kDown);
  EXPECT_EQ(down.n(), 8u);
  EXPECT_EQ(down.k(), 12u);
  std::vector<double> x(12, 0.0), y(8);
  x[3] = 1;
  const Parameter* parameter = weights.layout().Find("model.layers.1.mlp.down_proj.weight");
  for (int round = 0; round < 2; ++round) {
    ops_->Linear(x.data(), 1, down, y.data());
    for (size_t n = 0; n < 8; ++n) {
      EXPECT_EQ(y[n], weights.values()[parameter->offset + n * 12 + 3]);
    }
    for (double& value : weights.values()) value *= 2;
    weights.Pack();
  }
}

TEST_F(BaseWeightsTest, UsesTheEmbeddingAsATiedHead) {
  BaseWeights<double> weights(kConfig, device::PackFor::kForward, ops_.get());
  EXPECT_EQ(weights.HeadParameter().name, "model.embed_tokens.weight");
  ModelConfig untied = kConfig;
  untied.tie_word_embeddings = false;
  BaseWeights<double> other(untied, device::PackFor::kForward, ops_.get());
  EXPECT_EQ(other.HeadParameter().name, "lm_head.weight");
}

TEST_F(BaseWeightsTest, DigestsNamesShapesAndValues) {
  const auto digest = [&](const ParameterLayout& layout, const std::vector<double>& values) {
    Digester digester;
    AddToDigest<double>(layout, values, &pool_, &digester);
    return digester.Finish();
  };
  const ParameterLayout one({{.name = "a", .shape = {2, 3}}});
  const ParameterLayout renamed({{.name = "b", .shape = {2, 3}}});
  const ParameterLayout reshaped({{.name = "a", .shape = {3, 2}}});
  const std::vector<double> values{1, 2, 3, 4, 5, 6}, changed{1, 2, 3, 4, 5, 6.5};
  EXPECT_EQ(digest(one, values), digest(one, values));
  EXPECT_FALSE(digest(one, values) == digest(renamed, values));
  EXPECT_FALSE(digest(one, values) == digest(reshaped, values));
  EXPECT_FALSE(digest(one, values) == digest(one, changed));
}

}  // namespace
}  // namespace winnow::model
