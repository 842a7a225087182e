#include "model/activations.h"

#include <gtest/gtest.h>

namespace winnow::model {
namespace {

ModelConfig SmallConfig(bool qk_norm) {
  return {.vocab_size = 11,
          .hidden_size = 8,
          .intermediate_size = 12,
          .num_layers = 3,
          .num_heads = 2,
          .num_kv_heads = 1,
          .head_dim = 4,
          .qk_norm = qk_norm};
}

TEST(ActivationsTest, KeepsEveryLayersFieldsApartWhenAllAreKept) {
  Activations<float> activations(SmallConfig(true));
  activations.Prepare(/*rows=*/5, Keep::kAll);
  const auto first = activations.OfLayer(0), second = activations.OfLayer(1);
  EXPECT_NE(first.normed, second.normed);
  EXPECT_NE(first.product, second.product);
  EXPECT_NE(first.q_raw, second.q_raw);
  EXPECT_EQ(first.k, second.k) << "keys live on in their pages";
  first.gate[5 * 12 - 1] = 1;
  first.up[0] = 2;
  EXPECT_EQ(first.gate[5 * 12 - 1], 1.0f) << "fields of a layer do not overlap";
}

TEST(ActivationsTest, SharesWhatIsRemade) {
  Activations<float> activations(SmallConfig(false));
  activations.Prepare(/*rows=*/5, Keep::kExpensive);
  const auto first = activations.OfLayer(0), second = activations.OfLayer(2);
  EXPECT_EQ(first.normed, second.normed);
  EXPECT_EQ(first.product, second.product);
  EXPECT_NE(first.attention, second.attention);
  EXPECT_EQ(first.q_raw, nullptr);
}

TEST(ActivationsTest, KeepsLessTheMoreIsRecomputed) {
  const auto bytes = [](Recompute recompute) {
    Activations<float> activations(SmallConfig(false));
    activations.Prepare(/*rows=*/100, KeepFor(recompute));
    return activations.size_bytes();
  };
  EXPECT_GT(bytes(Recompute::kNone), bytes(Recompute::kSelective));
  EXPECT_GT(bytes(Recompute::kSelective), bytes(Recompute::kFull));
}

TEST(ActivationsTest, DoesNotGrowForASmallerPass) {
  Activations<float> activations(SmallConfig(false));
  activations.Prepare(/*rows=*/100, Keep::kAll);
  const size_t bytes = activations.size_bytes();
  activations.Prepare(/*rows=*/10, Keep::kAll);
  EXPECT_EQ(activations.size_bytes(), bytes);
}

}  // namespace
}  // namespace winnow::model
