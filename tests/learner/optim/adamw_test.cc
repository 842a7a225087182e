#include "learner/optim/adamw.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace winnow::learner {
namespace {

std::vector<float> Ramp(size_t size, float scale) {
  std::vector<float> values(size);
  for (size_t i = 0; i < size; ++i) {
    values[i] = scale * static_cast<float>(static_cast<double>(i % 97) - 48.0);
  }
  return values;
}

// The bits after three updates of 50,000 parameters.
std::vector<float> Train(int threads) {
  ThreadPool pool(threads);
  const size_t size = 50000;
  const auto optimizer = MakeAdamW<float>({}, {{.size = size}}, &pool);
  std::vector<float> parameters = Ramp(size, 0.01f);
  for (int k = 1; k <= 3; ++k) {
    optimizer->Update(1e-3, 0.5, Ramp(size, 0.001f * static_cast<float>(k)), parameters);
  }
  parameters.insert(parameters.end(), optimizer->first_moment().begin(),
                    optimizer->first_moment().end());
  parameters.insert(parameters.end(), optimizer->second_moment().begin(),
                    optimizer->second_moment().end());
  return parameters;
}

TEST(AdamWTest, ThreadsDoNotChangeBits) {
  const std::vector<float> one = Train(1);
  EXPECT_EQ(one, Train(2));
  EXPECT_EQ(one, Train(5));
}

TEST(AdamWTest, TheFirstStepMovesByTheRateWhateverTheGradientsScale) {
  ThreadPool pool(1);
  const auto optimizer = MakeAdamW<double>({.weight_decay = 0}, {{.size = 2}}, &pool);
  std::vector<double> parameters = {1, 1};
  optimizer->Update(0.1, 1.0, std::vector<double>{1e-3, -50}, parameters);
  EXPECT_NEAR(parameters[0], 0.9, 1e-5);
  EXPECT_NEAR(parameters[1], 1.1, 1e-9);
}

TEST(AdamWTest, DecayIsDecoupledAndSparesExcludedSegments) {
  ThreadPool pool(1);
  const auto optimizer = MakeAdamW<double>(
      {.weight_decay = 0.5}, {{.size = 1, .decayed = true}, {.size = 1, .decayed = false}}, &pool);
  std::vector<double> parameters = {2, 2};
  optimizer->Update(0.1, 1.0, std::vector<double>{0, 0}, parameters);
  EXPECT_DOUBLE_EQ(parameters[0], 1.9);
  EXPECT_EQ(parameters[1], 2.0);
  EXPECT_EQ(optimizer->second_moment()[0], 0.0) << "decay is not part of the gradient";
}

TEST(AdamWTest, StateTakenAndGivenBackContinuesBitForBit) {
  ThreadPool pool(1);
  const size_t size = 1000;
  const auto first = MakeAdamW<float>({}, {{.size = size}}, &pool);
  const auto second = MakeAdamW<float>({}, {{.size = size}}, &pool);
  std::vector<float> a = Ramp(size, 0.01f);
  first->Update(1e-2, 1.0, Ramp(size, 0.1f), a);
  std::vector<float> b = a;
  std::copy(first->first_moment().begin(), first->first_moment().end(),
            second->first_moment().begin());
  std::copy(first->second_moment().begin(), first->second_moment().end(),
            second->second_moment().begin());
  second->set_num_updates(first->num_updates());
  first->Update(1e-2, 1.0, Ramp(size, 0.2f), a);
  second->Update(1e-2, 1.0, Ramp(size, 0.2f), b);
  EXPECT_EQ(a, b);
}

}  // namespace
}  // namespace winnow::learner
