#include "model/rope_table.h"

#include <gtest/gtest.h>

#include <cmath>

namespace winnow::model {
namespace {

TEST(RopeTableTest, HoldsCosinesAndSinesOfEachPosition) {
  const ModelConfig config{.head_dim = 8, .rope_theta = 10000.0};
  RopeTable<double> table(config);
  const double* cos_sin = table.ForPositions(4);
  for (size_t position = 0; position < 4; ++position) {
    for (size_t i = 0; i < 4; ++i) {
      const double angle =
          static_cast<double>(position) * std::pow(10000.0, -static_cast<double>(i) / 4);
      EXPECT_NEAR(cos_sin[(position * 4 + i) * 2], std::cos(angle), 1e-12);
      EXPECT_NEAR(cos_sin[(position * 4 + i) * 2 + 1], std::sin(angle), 1e-12);
    }
  }
}

TEST(RopeTableTest, GrowsWithoutChangingValues) {
  const ModelConfig config{.head_dim = 4, .rope_theta = 100.0};
  RopeTable<float> grown(config), whole(config);
  grown.ForPositions(3);
  const float* a = grown.ForPositions(1000);
  const float* b = whole.ForPositions(1000);
  EXPECT_TRUE(std::equal(a, a + 1000 * 4, b));
}

TEST(RopeTableTest, LinearScalingDividesEveryFrequency) {
  ModelConfig config{.head_dim = 8, .rope_theta = 10000.0};
  const std::vector<double> plain = RopeFrequencies(config);
  config.rope_scaling = {.kind = RopeScaling::Kind::kLinear, .factor = 4.0};
  const std::vector<double> scaled = RopeFrequencies(config);
  for (size_t i = 0; i < plain.size(); ++i) EXPECT_DOUBLE_EQ(scaled[i], plain[i] / 4.0);
}

TEST(RopeTableTest, Llama3ScalingKeepsShortWavelengthsOnly) {
  ModelConfig config{.head_dim = 16, .rope_theta = 10000.0};
  const std::vector<double> plain = RopeFrequencies(config);
  config.rope_scaling = {.kind = RopeScaling::Kind::kLlama3,
                         .factor = 8.0,
                         .low_freq_factor = 1.0,
                         .high_freq_factor = 4.0,
                         .original_max_position_embeddings = 32};
  const std::vector<double> scaled = RopeFrequencies(config);
  EXPECT_EQ(scaled[0], plain[0]);        // wavelength 6.3 < 32/4
  EXPECT_GT(scaled[1], plain[1] / 8.0);  // 19.9, between
  EXPECT_LT(scaled[1], plain[1]);
  EXPECT_DOUBLE_EQ(scaled[2], plain[2] / 8.0);  // 62.8 > 32/1
}

}  // namespace
}  // namespace winnow::model
