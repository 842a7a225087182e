#include "model/initial_values.h"

#include <gtest/gtest.h>

#include <cmath>

namespace winnow::model {
namespace {

std::vector<float> Normal(uint64_t seed, const std::string& name, int threads, size_t size) {
  ThreadPool pool(threads);
  std::vector<float> out(size);
  FillNormal<float>(seed, name, /*deviation=*/0.5, &pool, out);
  return out;
}

TEST(InitialValuesTest, DependOnSeedNameAndPositionOnly) {
  const std::vector<float> values = Normal(1, "a", 1, 20001);
  EXPECT_EQ(Normal(1, "a", 3, 20001), values);
  EXPECT_NE(Normal(2, "a", 1, 20001), values);
  EXPECT_NE(Normal(1, "b", 1, 20001), values);
  const std::vector<float> fewer = Normal(1, "a", 1, 7);
  EXPECT_TRUE(std::equal(fewer.begin(), fewer.end(), values.begin()));
}

TEST(InitialValuesTest, NormalValuesHaveTheirMoments) {
  const std::vector<float> values = Normal(1, "a", 2, 100000);
  double sum = 0, squares = 0, fourth = 0;
  for (const double x : values) {
    sum += x;
    squares += x * x;
    fourth += x * x * x * x;
  }
  const double n = static_cast<double>(values.size());
  EXPECT_NEAR(sum / n, 0.0, 0.01);
  EXPECT_NEAR(squares / n, 0.25, 0.005);
  EXPECT_NEAR(fourth / n, 3 * 0.25 * 0.25, 0.01);
}

TEST(InitialValuesTest, UniformValuesFillTheirInterval) {
  ThreadPool pool(2);
  std::vector<double> values(50000);
  FillUniform<double>(3, "A", /*bound=*/0.25, &pool, values);
  double sum = 0, largest = 0;
  for (const double x : values) {
    sum += x;
    largest = std::max(largest, std::abs(x));
  }
  EXPECT_NEAR(sum / 50000, 0.0, 0.003);
  EXPECT_LE(largest, 0.25);
  EXPECT_GT(largest, 0.2499);
}

TEST(InitialValuesTest, NormsStartAtOneAndBiasesAtZero) {
  ThreadPool pool(1);
  const ParameterLayout layout({{.name = "b", .shape = {3}, .is_bias = true},
                                {.name = "n", .shape = {2}, .is_norm = true},
                                {.name = "w", .shape = {2, 2}}});
  std::vector<float> values(layout.size(), 9.0f);
  FillInitialWeights<float>(layout, /*seed=*/1, /*deviation=*/0.02, &pool, values);
  EXPECT_EQ(std::vector<float>(values.begin(), values.begin() + 5),
            (std::vector<float>{0, 0, 0, 1, 1}));
  for (size_t i = 5; i < values.size(); ++i) EXPECT_LT(std::abs(values[i]), 0.2f);
  EXPECT_NE(values[5], values[6]);
}

}  // namespace
}  // namespace winnow::model
