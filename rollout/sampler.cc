#include "rollout/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/check.h"
#include "base/philox.h"
#include "device/math.h"

namespace winnow::rollout {
namespace {

__extension__ using Wide = unsigned __int128;

bool IsBanned(std::span<const int32_t> banned, int32_t token) {
  return std::find(banned.begin(), banned.end(), token) != banned.end();
}

int32_t ArgMax(const float* z, size_t v, std::span<const int32_t> banned) {
  int32_t best = -1;
  for (size_t i = 0; i < v; ++i) {
    const auto id = static_cast<int32_t>(i);
    if ((best < 0 || z[i] > z[best]) && !IsBanned(banned, id)) best = id;
  }
  return best;
}

// Masses m_v = round_to_even(e_v · 2^40); e_v <= 1, so each fits 41 bits and the sum of 2^22 fits.
void FillMasses(const std::vector<float>& numerators, std::vector<uint64_t>* masses) {
  masses->resize(numerators.size());
  for (size_t i = 0; i < numerators.size(); ++i) {
    (*masses)[i] = static_cast<uint64_t>(std::llrint(static_cast<double>(numerators[i]) * 0x1p40));
  }
}

uint64_t SumOf(const std::vector<uint64_t>& masses) {
  return std::accumulate(masses.begin(), masses.end(), uint64_t{0});
}

// Zeroes the mass of every token outside the top-k and then the top-p set (steps 3 and 4).
void Truncate(const float* z, const SamplingOptions& options, Sampler::Scratch* scratch) {
  std::vector<uint64_t>& masses = scratch->masses;
  std::vector<int32_t>& order = scratch->order;
  order.clear();
  for (size_t i = 0; i < masses.size(); ++i) {
    if (masses[i] > 0) order.push_back(static_cast<int32_t>(i));
  }
  const auto before = [z](int32_t a, int32_t b) { return z[a] != z[b] ? z[a] > z[b] : a < b; };
  size_t keep = order.size();
  if (options.top_k > 0) keep = std::min(keep, static_cast<size_t>(options.top_k));
  if (keep < order.size()) {
    std::nth_element(order.begin(), order.begin() + static_cast<ptrdiff_t>(keep), order.end(),
                     before);
    for (size_t i = keep; i < order.size(); ++i) masses[order[i]] = 0;
    order.resize(keep);
  }
  if (options.top_p >= 1.0) return;
  std::sort(order.begin(), order.end(), before);
  const auto fraction = static_cast<uint64_t>(std::llrint(options.top_p * 0x1p32));
  const auto wanted =
      static_cast<uint64_t>((static_cast<Wide>(fraction) * SumOf(masses) + 0xFFFFFFFFu) >> 32);
  uint64_t total = 0;
  size_t kept = 0;
  while (kept < order.size() && (kept == 0 || total < wanted)) total += masses[order[kept++]];
  for (size_t i = kept; i < order.size(); ++i) masses[order[i]] = 0;
}

// The first token, by id, whose cumulative mass exceeds high64(U · M).
int32_t InverseCdf(const std::vector<uint64_t>& masses, const std::array<uint32_t, 4>& draw) {
  const uint64_t u = static_cast<uint64_t>(draw[1]) << 32 | draw[0];
  const auto r = static_cast<uint64_t>(static_cast<Wide>(u) * SumOf(masses) >> 64);
  uint64_t cumulative = 0;
  for (size_t i = 0; i < masses.size(); ++i) {
    cumulative += masses[i];
    if (cumulative > r) return static_cast<int32_t>(i);
  }
  WINNOW_CHECK(false);
  return -1;
}

// Exponential race: the token of least E_v / e_v, E_v = −log1p(−x_v) (speculation.md §1.3).
int32_t ExponentialRace(const Sampler::Scratch& scratch, const std::array<uint32_t, 4>& hash,
                        uint32_t position) {
  int32_t best = -1;
  float least = std::numeric_limits<float>::infinity();
  std::array<uint32_t, 4> words{};
  for (size_t v = 0; v < scratch.masses.size(); ++v) {
    if (v % 4 == 0) {
      words = Draw(hash, position, NoisePurpose::kGumbel, static_cast<uint32_t>(v >> 2));
    }
    if (scratch.masses[v] == 0) continue;
    const float x = std::min(static_cast<float>((words[v & 3] + 0.5) * 0x1p-32), 1.0f - 0x1p-24f);
    const float arrival = -device::Log1pF32(-x) / scratch.numerators[v];
    if (arrival < least) {
      least = arrival;
      best = static_cast<int32_t>(v);
    }
  }
  return best;
}

bool HasBadLogit(const float* z, size_t v) {
  for (size_t i = 0; i < v; ++i) {
    if (!(z[i] < std::numeric_limits<float>::infinity())) return true;
  }
  return false;
}

}  // namespace

SampledToken Sampler::Sample(const float* z, const device::LogSoftmaxStats<float>& stats,
                             const SamplingOptions& options, const std::array<uint32_t, 4>& hash,
                             uint32_t position, std::span<const int32_t> banned,
                             Scratch* scratch) const {
  SampledToken result;
  if (HasBadLogit(z, vocab_size_) || !std::isfinite(stats.max)) {
    result.failed = true;
    return result;
  }
  const auto full_log_prob = [&](int32_t token) { return (z[token] - stats.max) - stats.log_sum; };
  if (options.temperature == 0) {
    result.token = ArgMax(z, vocab_size_, banned);
    result.failed = result.token < 0;
    if (!result.failed) result.log_prob = result.full_log_prob = full_log_prob(result.token);
    return result;
  }
  scratch->numerators.resize(vocab_size_);
  ops_->ExpShifted(z, vocab_size_, stats.max, scratch->numerators.data());
  FillMasses(scratch->numerators, &scratch->masses);
  for (const int32_t token : banned) scratch->masses[static_cast<size_t>(token)] = 0;
  const bool truncated = options.top_k > 0 || options.top_p < 1.0;
  if (truncated) Truncate(z, options, scratch);
  if (SumOf(scratch->masses) == 0) {
    result.failed = true;
    return result;
  }
  result.token =
      options.sampler == SamplerKind::kGumbel
          ? ExponentialRace(*scratch, hash, position)
          : InverseCdf(scratch->masses, Draw(hash, position, NoisePurpose::kInverseCdf, 0));
  result.full_log_prob = full_log_prob(result.token);
  result.log_prob = result.full_log_prob;
  if (truncated || !banned.empty()) {
    double sum = 0;  // over the kept set, in token id order
    for (size_t i = 0; i < vocab_size_; ++i) {
      if (scratch->masses[i] > 0) sum += scratch->numerators[i];
    }
    result.log_prob = (z[result.token] - stats.max) - device::LogF32(static_cast<float>(sum));
  }
  return result;
}

}  // namespace winnow::rollout
