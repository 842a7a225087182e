#include "rollout/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "base/philox.h"

namespace winnow::rollout {
namespace {

class SamplerTest : public testing::Test {
 protected:
  SamplerTest() : pool_(1), ops_(device::MakeCpuOps(device::Arithmetic::kF32, &pool_).value()) {}

  SampledToken Draw(std::vector<float> logits, const SamplingOptions& options, uint32_t position,
                    const NoiseKey& key, std::vector<int32_t> banned = {}) {
    device::LogSoftmaxStats<float> stats;
    ops_->LogSoftmaxRows(logits.data(), 1, logits.size(),
                         options.temperature > 0 ? options.temperature : 1.0, &stats);
    const Sampler sampler(ops_.get(), logits.size());
    return sampler.Sample(logits.data(), stats, options, StreamHash(key), position, banned,
                          &scratch_);
  }

  std::vector<int32_t> DrawMany(const SamplingOptions& options, uint32_t count) {
    const NoiseKey x{.seed = 42, .prompt = PromptId(0x0123456789abcdef), .step = 7, .sample = 3};
    std::vector<int32_t> tokens;
    for (uint32_t position = 0; position < count; ++position) {
      tokens.push_back(Draw({0, 1, 2, 3, 4, 3, 2, 1}, options, position, x).token);
    }
    return tokens;
  }

  ThreadPool pool_;
  std::unique_ptr<device::Ops<float>> ops_;
  Sampler::Scratch scratch_;
};

// The known answers of speculation.md §1.2.
TEST_F(SamplerTest, GivesTheKnownTokensOfBothRules) {
  EXPECT_EQ(DrawMany({}, 16),
            (std::vector<int32_t>{5, 3, 4, 1, 4, 4, 3, 3, 5, 5, 5, 4, 5, 4, 4, 3}));
  EXPECT_EQ(DrawMany({.sampler = SamplerKind::kGumbel}, 16),
            (std::vector<int32_t>{3, 3, 6, 4, 4, 4, 4, 4, 4, 6, 5, 5, 5, 5, 4, 3}));
}

TEST_F(SamplerTest, TemperatureZeroTakesTheLowestIdOfATie) {
  const SampledToken token = Draw({1, 5, 5, 2}, {.temperature = 0}, 0, {});
  EXPECT_EQ(token.token, 1);
  EXPECT_NEAR(token.log_prob, 5 - std::log(std::exp(1.) + 2 * std::exp(5.) + std::exp(2.)), 1e-5);
  EXPECT_EQ(Draw({1, 5, 5, 2}, {.temperature = 0}, 0, {}, {1}).token, 2);
}

// Frequencies over many keys follow the law, truncated or not, within five standard deviations.
TEST_F(SamplerTest, FrequenciesFollowTheTruncatedLaw) {
  const std::vector<float> logits = {2.0f, 1.0f, 0.0f, -1.0f, 1.0f};
  struct Case {
    SamplingOptions options;
    std::vector<double> weights;  // of the kept tokens, unnormalised
  };
  const auto e = [](double x) { return std::exp(x); };
  const std::vector<Case> cases = {
      {{}, {e(2), e(1), e(0), e(-1), e(1)}},
      {{.temperature = 2.0}, {e(1), e(.5), e(0), e(-.5), e(.5)}},
      {{.top_k = 2}, {e(2), e(1), 0, 0, 0}},  // the tie at 1 is kept by lowest id
      {{.top_p = 0.5}, {e(2), 0, 0, 0, 0}},   // e²/Σ = 0.53
      {{.top_p = 0.6}, {e(2), e(1), 0, 0, 0}},
      {{.sampler = SamplerKind::kGumbel, .top_k = 3}, {e(2), e(1), 0, 0, e(1)}}};
  for (const Case& c : cases) {
    const int draws = 20'000;
    std::vector<int> counts(logits.size());
    for (int i = 0; i < draws; ++i) {
      const SampledToken token = Draw(logits, c.options, 3, {.prompt = PromptId(i)});
      ++counts[static_cast<size_t>(token.token)];
    }
    double total = 0;
    for (const double w : c.weights) total += w;
    for (size_t v = 0; v < logits.size(); ++v) {
      const double p = c.weights[v] / total;
      EXPECT_NEAR(counts[v], draws * p, 5 * std::sqrt(draws * p * (1 - p)) + 1e-9) << v;
    }
  }
}

TEST_F(SamplerTest, LogProbsAreOfTheLawSampledFromAndOfTheWholeOne) {
  const std::vector<float> logits = {2.0f, 1.0f, 0.0f};
  const SampledToken token = Draw(logits, {.top_k = 2}, 1, {.seed = 5});
  const double kept = std::exp(2.) + std::exp(1.);
  const double whole = kept + 1;
  const double z = logits[static_cast<size_t>(token.token)];
  EXPECT_NEAR(token.log_prob, z - std::log(kept), 1e-6);
  EXPECT_NEAR(token.full_log_prob, z - std::log(whole), 1e-6);
  const SampledToken plain = Draw(logits, {}, 1, {.seed = 5});
  EXPECT_EQ(plain.log_prob, plain.full_log_prob);
}

TEST_F(SamplerTest, BannedTokensAreNeverDrawn) {
  for (uint32_t i = 0; i < 500; ++i) {
    EXPECT_NE(Draw({5, 0, 0}, {}, i, {}, {0}).token, 0);
  }
}

TEST_F(SamplerTest, BadLogitsFailAndMinusInfinityMeansNever) {
  const float inf = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(Draw({0, std::nanf("")}, {}, 0, {}).failed);
  EXPECT_TRUE(Draw({0, inf}, {}, 0, {}).failed);
  EXPECT_TRUE(Draw({-inf, -inf}, {}, 0, {}).failed);
  for (uint32_t i = 0; i < 200; ++i) EXPECT_EQ(Draw({-inf, 0}, {}, i, {}).token, 1);
}

}  // namespace
}  // namespace winnow::rollout
