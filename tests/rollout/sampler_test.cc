#include "rollout/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "base/philox.h"
#include "device/math.h"

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
    LogitRow row{.z = logits.data(), .max = stats.max};
    std::vector<uint64_t> masses(device::NumMassBlocks(logits.size()));
    ops_->SumMasses(logits.data(), 1, logits.size(), &row.max, &row.log_sum, masses.data());
    row.masses = masses.data();
    const Sampler sampler(ops_.get(), logits.size());
    return sampler.Sample(row, options, StreamHash(key), position, banned, &scratch_);
  }

  // The rules of speculation.md §1 word for word, over whole rows.
  SampledToken SlowDraw(std::vector<float> z, const SamplingOptions& options, uint32_t position,
                        const NoiseKey& key, const std::vector<int32_t>& banned) {
    const size_t v = z.size();
    device::LogSoftmaxStats<float> stats;
    const bool greedy = options.temperature == 0;
    ops_->LogSoftmaxRows(z.data(), 1, v, greedy ? 1.0 : options.temperature, &stats);
    std::vector<float> e(v);
    ops_->ExpShifted(z.data(), v, stats.max, e.data());
    std::vector<uint64_t> mass(v);
    std::vector<size_t> order(v);  // by z descending, id ascending
    for (size_t i = 0; i < v; ++i) {
      mass[i] = static_cast<uint64_t>(std::llrint(double{e[i]} * 0x1p40));
      order[i] = i;
    }
    std::vector<bool> never(v);
    for (const int32_t id : banned) never[static_cast<size_t>(id)] = true;
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return z[a] > z[b]; });
    std::erase_if(order, [&](size_t i) { return never[i] || (mass[i] == 0 && !greedy); });
    if (order.empty()) return {.failed = true};
    const auto full = [&](size_t i) { return (z[i] - stats.max) - stats.log_sum; };
    if (greedy) {
      return {.token = static_cast<int32_t>(order[0]),
              .log_prob = full(order[0]),
              .full_log_prob = full(order[0])};
    }
    if (options.top_k > 0) order.resize(std::min(order.size(), size_t(options.top_k)));
    if (options.top_p < 1) {
      __extension__ using Wide = unsigned __int128;
      uint64_t total = 0, kept = 0;
      for (const size_t i : order) total += mass[i];
      const auto fraction = static_cast<uint64_t>(std::llrint(options.top_p * 0x1p32));
      const auto wanted = static_cast<uint64_t>((Wide{fraction} * total + 0xFFFFFFFFu) >> 32);
      size_t count = 0;
      while (count == 0 || (kept < wanted && count < order.size())) kept += mass[order[count++]];
      order.resize(count);
    }
    std::sort(order.begin(), order.end());
    uint64_t total = 0;
    double sum = 0;
    for (const size_t i : order) {
      total += mass[i];
      sum += e[i];
    }
    const size_t token = options.sampler == SamplerKind::kGumbel
                             ? SlowRace(order, e, StreamHash(key), position)
                             : SlowInverse(order, mass, total, StreamHash(key), position);
    SampledToken result{.token = static_cast<int32_t>(token), .full_log_prob = full(token)};
    const bool whole = options.top_k <= 0 && options.top_p >= 1 && banned.empty();
    result.log_prob =
        whole ? full(token) : (z[token] - stats.max) - device::LogF32(static_cast<float>(sum));
    return result;
  }

  static size_t SlowInverse(const std::vector<size_t>& kept, const std::vector<uint64_t>& mass,
                            uint64_t total, const std::array<uint32_t, 4>& hash,
                            uint32_t position) {
    __extension__ using Wide = unsigned __int128;
    const auto w = winnow::Draw(hash, position, NoisePurpose::kInverseCdf, 0);
    const uint64_t u = uint64_t{w[1]} << 32 | w[0];
    const auto r = static_cast<uint64_t>(Wide{u} * total >> 64);
    uint64_t cumulative = 0;
    for (const size_t i : kept) {
      cumulative += mass[i];
      if (cumulative > r) return i;
    }
    ADD_FAILURE();
    return 0;
  }

  static size_t SlowRace(const std::vector<size_t>& kept, const std::vector<float>& e,
                         const std::array<uint32_t, 4>& hash, uint32_t position) {
    size_t best = kept[0];
    float least = std::numeric_limits<float>::infinity();
    for (const size_t i : kept) {
      const auto words =
          winnow::Draw(hash, position, NoisePurpose::kGumbel, static_cast<uint32_t>(i >> 2));
      const float x = std::min(static_cast<float>((words[i & 3] + 0.5) * 0x1p-32), 1.0f - 0x1p-24f);
      const float arrival = -device::Log1pF32(-x) / e[i];
      if (arrival < least) {
        least = arrival;
        best = i;
      }
    }
    return best;
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

// Block sums, candidates by depth and the pruned race against whole rows: the same tokens and bits.
TEST_F(SamplerTest, EqualsTheRulesOverWholeRows) {
  const std::vector<SamplingOptions> laws = {
      {},
      {.temperature = 0},
      {.temperature = 0.6},
      {.top_k = 1},
      {.top_k = 7},
      {.top_k = 100'000},
      {.top_p = 0.3},
      {.top_p = 0.95},
      {.top_p = 0.9999999},
      {.temperature = 1.4, .top_p = 0.8, .top_k = 40},
      {.sampler = SamplerKind::kGumbel},
      {.sampler = SamplerKind::kGumbel, .temperature = 0},
      {.sampler = SamplerKind::kGumbel, .temperature = 0.7, .top_p = 0.9},
      {.sampler = SamplerKind::kGumbel, .top_k = 20}};
  std::mt19937 engine(5);
  std::normal_distribution<float> normal;
  for (const size_t v : {size_t{4}, size_t{511}, size_t{512}, size_t{2100}}) {
    for (const float spread : {0.0f, 0.01f, 2.0f, 12.0f}) {
      std::vector<float> logits(v);
      for (float& z : logits) z = spread * normal(engine) + 100 * spread;
      if (spread == 2.0f) {  // ties, also of the maximum, and a token that is never drawn
        for (float& z : logits) z = std::round(z);
        logits[1] = -std::numeric_limits<float>::infinity();
      }
      const auto most =
          static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
      for (const SamplingOptions& law : laws) {
        for (const std::vector<int32_t>& banned :
             {std::vector<int32_t>{}, {most}, {2, static_cast<int32_t>(v) - 1}}) {
          for (uint32_t position = 0; position < 8; ++position) {
            const NoiseKey key{.seed = v, .sample = position};
            const SampledToken fast = Draw(logits, law, position, key, banned);
            const SampledToken slow = SlowDraw(logits, law, position, key, banned);
            ASSERT_EQ(fast.token, slow.token) << v << " " << spread << " " << law.top_p;
            ASSERT_EQ(fast.failed, slow.failed);
            ASSERT_EQ(fast.log_prob, slow.log_prob);
            ASSERT_EQ(fast.full_log_prob, slow.full_log_prob);
          }
        }
      }
    }
  }
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
