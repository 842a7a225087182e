#include "orchestrator/filter/mopps.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/orchestrator/filter/simulation.h"

namespace winnow::orchestrator {
namespace {

class MoppsTest : public testing::Test {
 protected:
  void Give(PromptId prompt, const std::vector<float>& rewards, int count) {
    for (int i = 0; i < count; ++i) {
      store::Outcome outcome = OutcomeOf(prompt, rewards);
      outcome.cls = store::Classify(settings_.classify_rule(), outcome);
      state_.Observe(outcome);
    }
  }
  std::vector<Offer> Offers(uint64_t count, uint32_t epoch) {
    std::vector<Offer> offers;
    for (const PromptId prompt : Prompts(count)) offers.push_back({prompt, epoch});
    return offers;
  }

  const FilterSettings settings_ =
      SettingsFor(FilterType::kMopps, {.n = 8, .train_batch_size = 4, .num_prompts = 100});
  MemoryPromptState state_{settings_.mopps_prior()};
};

TEST_F(MoppsTest, GammaDrawsHaveTheirMeanAndVariance) {
  constexpr int kDraws = 20000;
  for (const double shape : {1.0, 2.5, 40.0}) {
    double sum = 0, squares = 0;
    for (uint64_t i = 0; i < kDraws; ++i) {
      KeyedUniforms uniforms(/*seed=*/1, {PromptId(i), 0}, /*first=*/2);
      const double x = DrawGamma(shape, &uniforms);
      ASSERT_GT(x, 0);
      sum += x;
      squares += x * x;
    }
    const double mean = sum / kDraws;
    // Both are `shape`; standard errors of mean and variance of a Gamma(shape, 1) sample.
    EXPECT_NEAR(mean, shape, 4 * std::sqrt(shape / kDraws));
    EXPECT_NEAR(squares / kDraws - mean * mean, shape,
                4 * std::sqrt((2 * shape * shape + 6 * shape) / kDraws));
  }
}

TEST_F(MoppsTest, BetaDrawsOfTheUniformPriorAreUniform) {
  constexpr int kDraws = 20000;
  constexpr int kBins = 10;
  std::vector<int> bins(kBins);
  for (uint64_t i = 0; i < kDraws; ++i) {
    KeyedUniforms uniforms(/*seed=*/9, {PromptId(i), 3}, /*first=*/2);
    ++bins[static_cast<int>(DrawBeta(1, 1, &uniforms) * kBins)];
  }
  double chi_square = 0;
  const double expected = static_cast<double>(kDraws) / kBins;
  for (const int count : bins) chi_square += (count - expected) * (count - expected) / expected;
  EXPECT_LT(chi_square, 33.72);  // 9 degrees of freedom, p = 1e-4
}

TEST_F(MoppsTest, KeepsTheWantedNumberNearestToTheTarget) {
  const Mopps filter(settings_, &state_);
  EXPECT_EQ(filter.CandidatesFor(4), 64u);
  const std::vector<Decision> decisions = filter.Select(Offers(64, 0), 4);
  ASSERT_EQ(decisions.size(), 64u);
  double worst_kept = 0, best_skipped = 1;
  int kept = 0;
  for (size_t i = 0; i < decisions.size(); ++i) {
    EXPECT_EQ(decisions[i].offer.prompt, PromptId(i + 1));
    const double distance = std::abs(decisions[i].u - 0.5);
    if (decisions[i].keep) {
      ++kept;
      worst_kept = std::max(worst_kept, distance);
    } else {
      EXPECT_EQ(decisions[i].reason, store::FilterReason::kRankedOut);
      best_skipped = std::min(best_skipped, distance);
    }
  }
  EXPECT_EQ(kept, 4);
  EXPECT_LE(worst_kept, best_skipped);
}

TEST_F(MoppsTest, PromptsOfMiddlingSuccessArePreferredToSolvedAndHopelessOnes) {
  for (const PromptId prompt : Prompts(30)) {
    const uint64_t kind = prompt.value() % 3;
    Give(prompt,
         kind == 0   ? std::vector<float>{0, 1, 0, 1, 0, 1, 0, 1}
         : kind == 1 ? std::vector<float>(8, 1.0f)
                     : std::vector<float>(8, 0.0f),
         4);
  }
  for (const Decision& decision : Mopps(settings_, &state_).Select(Offers(30, 1), 10)) {
    EXPECT_EQ(decision.keep, decision.offer.prompt.value() % 3 == 0);
  }
}

TEST_F(MoppsTest, ADrawDependsOnSeedEpochAndPromptAndNotOnItsNeighbours) {
  const Mopps filter(settings_, &state_);
  const std::vector<Decision> many = filter.Select(Offers(10, 2), 10);
  const std::vector<Decision> alone = filter.Select(std::vector<Offer>{{PromptId(7), 2}}, 1);
  EXPECT_EQ(alone[0].u, many[6].u);
  EXPECT_NE(filter.Select(Offers(10, 3), 10)[6].u, many[6].u);
}

TEST_F(MoppsTest, PosteriorForgetsByLambdaAndCountsFractionsOfTheRange) {
  const store::MoppsPrior prior{
      .lambda = 0.5, .prior_alpha = 2, .prior_beta = 3, .reward_min = -1, .reward_max = 1};
  MemoryPromptState state(prior);
  state.Observe(OutcomeOf(PromptId(1), {1, -1, 0, 1}));  // x = 1, 0, 1/2, 1
  store::PromptAggregate aggregate = *state.Find(PromptId(1));
  EXPECT_EQ(aggregate.mopps_a, 0.5 * 2 + 0.5 * 2 + 2.5);
  EXPECT_EQ(aggregate.mopps_b, 0.5 * 3 + 0.5 * 3 + 1.5);
  store::Outcome unknown = OutcomeOf(PromptId(1), {1, 1});
  for (store::SampleOutcome& sample : unknown.samples) sample.kind = VerdictKind::kTimeout;
  state.Observe(unknown);
  EXPECT_EQ(state.Find(PromptId(1))->mopps_a, aggregate.mopps_a);
  state.Observe(OutcomeOf(PromptId(1), {1}));  // n = 1 adds one sample, not eight
  EXPECT_EQ(state.Find(PromptId(1))->mopps_a, 0.5 * aggregate.mopps_a + 0.5 * 2 + 1);
}

TEST_F(MoppsTest, OneWaveAStepTrainedAsItIs) {
  const Mopps filter(settings_, &state_);
  EXPECT_FALSE(filter.refills());
  EXPECT_TRUE(filter.Trainable(OutcomeOf(PromptId(1), std::vector<float>(8, 1.0f))));
}

}  // namespace
}  // namespace winnow::orchestrator
