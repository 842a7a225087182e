#include "rollout/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "base/philox.h"
#include "device/math.h"

namespace winnow::rollout {
namespace {

__extension__ using Wide = unsigned __int128;

// Below the maximum by more than this, mass is 0: e^-29 < 2^-41.
constexpr float kMassDepth = 29;
// Candidates for a truncated law are sought this deep first, then twice as deep, and so on.
constexpr float kFirstDepth = 4;

bool IsBanned(std::span<const int32_t> banned, int32_t token) {
  return std::find(banned.begin(), banned.end(), token) != banned.end();
}

// e <= 1, so each mass fits 41 bits and the sum of 2^22 fits.
uint64_t Mass(float e) {
  return static_cast<uint64_t>(std::llrint(static_cast<double>(e) * device::kMassOfOne));
}

using Candidate = Sampler::Candidate;

bool MoreLikely(const Candidate& a, const Candidate& b) {
  return a.z != b.z ? a.z > b.z : a.id < b.id;
}

uint64_t SumOf(const std::vector<Candidate>& candidates) {
  uint64_t sum = 0;
  for (const Candidate& candidate : candidates) sum += candidate.mass;
  return sum;
}

// The least mass that top-p keeps of `total`.
uint64_t NucleusMass(double top_p, uint64_t total) {
  const auto fraction = static_cast<uint64_t>(std::llrint(top_p * 0x1p32));
  return static_cast<uint64_t>((static_cast<Wide>(fraction) * total + 0xFFFFFFFFu) >> 32);
}

// log Σ e over the kept tokens, summed by id.
float LogSum(const std::vector<Candidate>& kept) {
  double sum = 0;
  for (const Candidate& candidate : kept) sum += candidate.e;
  return device::LogF32(static_cast<float>(sum));
}

}  // namespace

struct Sampler::Draws {
  const std::array<uint32_t, 4>& hash;
  uint32_t position;

  // high64(U · total): the mass that the drawn token's cumulative mass exceeds.
  uint64_t Target(uint64_t total) const {
    const std::array<uint32_t, 4> w = Draw(hash, position, NoisePurpose::kInverseCdf, 0);
    const uint64_t u = static_cast<uint64_t>(w[1]) << 32 | w[0];
    return static_cast<uint64_t>(static_cast<Wide>(u) * total >> 64);
  }

  int32_t InverseCdf(const std::vector<Candidate>& kept) const {
    const uint64_t target = Target(SumOf(kept));
    uint64_t cumulative = 0;
    for (const Candidate& candidate : kept) {
      cumulative += candidate.mass;
      if (cumulative > target) return candidate.id;
    }
    WINNOW_CHECK(false);
    return -1;
  }

  // Exponential race: the token of least E_v / e_v, E_v = −log1p(−x_v) (speculation.md §1.3). As
  // E_v >= x_v, a token whose x_v alone loses, by more than the rounding of all this, needs no log.
  int32_t ExponentialRace(const std::vector<Candidate>& kept) const {
    int32_t best = -1;
    float least = std::numeric_limits<float>::infinity();
    uint32_t drawn = ~0u;
    std::array<uint32_t, 4> words{};
    for (const Candidate& candidate : kept) {
      const auto v = static_cast<uint32_t>(candidate.id);
      if (v >> 2 != drawn) {
        drawn = v >> 2;
        words = Draw(hash, position, NoisePurpose::kGumbel, drawn);
      }
      const float x = std::min(static_cast<float>((words[v & 3] + 0.5) * 0x1p-32), 1.0f - 0x1p-24f);
      if (x > 1.0001f * least * candidate.e) continue;
      const float arrival = -device::Log1pF32(-x) / candidate.e;
      if (arrival < least) {
        least = arrival;
        best = candidate.id;
      }
    }
    return best;
  }
};

int32_t Sampler::ArgMax(const LogitRow& row, std::span<const int32_t> banned) const {
  if (banned.empty()) {
    // The maximum alone has the mass of one.
    for (size_t begin = 0, b = 0; begin < vocab_size_; begin += device::kMassBlock, ++b) {
      if (row.masses[b] < static_cast<uint64_t>(device::kMassOfOne)) continue;
      const float* end = row.z + std::min(vocab_size_, begin + device::kMassBlock);
      const float* at = std::find(row.z + begin, end, row.max);
      if (at != end) return static_cast<int32_t>(at - row.z);
    }
    WINNOW_CHECK(false);
  }
  int32_t best = -1;
  for (size_t i = 0; i < vocab_size_; ++i) {
    const auto id = static_cast<int32_t>(i);
    if ((best < 0 || row.z[i] > row.z[best]) && !IsBanned(banned, id)) best = id;
  }
  return best;
}

uint64_t Sampler::MassOf(const LogitRow& row, int32_t token) const {
  float e = 0;
  ops_->ExpShifted(row.z + token, 1, row.max, &e);
  return Mass(e);
}

int32_t Sampler::DrawFromBlocks(const LogitRow& row, std::span<const int32_t> banned,
                                const Draws& draws, Scratch* scratch) const {
  const size_t num_blocks = device::NumMassBlocks(vocab_size_);
  uint64_t total = 0;
  for (size_t b = 0; b < num_blocks; ++b) total += row.masses[b];
  for (const int32_t token : banned) total -= MassOf(row, token);
  if (total == 0) return -1;
  uint64_t target = draws.Target(total);
  for (size_t b = 0; b < num_blocks; ++b) {
    const size_t begin = b * device::kMassBlock;
    const size_t count = std::min(device::kMassBlock, vocab_size_ - begin);
    uint64_t mass = row.masses[b];
    for (const int32_t token : banned) {
      if (static_cast<size_t>(token) - begin < count) mass -= MassOf(row, token);
    }
    if (target >= mass) {
      target -= mass;
      continue;
    }
    scratch->e.resize(device::kMassBlock);
    ops_->ExpShifted(row.z + begin, count, row.max, scratch->e.data());
    for (size_t i = 0; i < count; ++i) {
      const auto id = static_cast<int32_t>(begin + i);
      const uint64_t own = IsBanned(banned, id) ? 0 : Mass(scratch->e[i]);
      if (target < own) return id;
      target -= own;
    }
  }
  WINNOW_CHECK(false);
  return -1;
}

void Sampler::Gather(const LogitRow& row, float depth, std::span<const int32_t> banned,
                     Scratch* scratch) const {
  const float lowest = row.max - depth;
  std::vector<Candidate>& kept = scratch->kept;
  kept.clear();
  scratch->z.clear();
  for (size_t i = 0; i < vocab_size_; ++i) {
    const auto id = static_cast<int32_t>(i);
    if (row.z[i] < lowest || IsBanned(banned, id)) continue;
    kept.push_back({.id = id, .z = row.z[i]});
    scratch->z.push_back(row.z[i]);
  }
  scratch->e.resize(std::max(scratch->e.size(), kept.size()));
  ops_->ExpShifted(scratch->z.data(), kept.size(), row.max, scratch->e.data());
  for (size_t i = 0; i < kept.size(); ++i) {
    kept[i].e = scratch->e[i];
    kept[i].mass = Mass(scratch->e[i]);
  }
  std::erase_if(kept, [](const Candidate& candidate) { return candidate.mass == 0; });
}

void Sampler::Truncate(const LogitRow& row, const SamplingOptions& options,
                       std::span<const int32_t> banned, Scratch* scratch) const {
  std::vector<Candidate>& kept = scratch->kept;
  const bool top_k = options.top_k > 0;
  uint64_t total = 0;  // of the whole row
  for (size_t b = 0; b < device::NumMassBlocks(vocab_size_); ++b) total += row.masses[b];
  for (const int32_t token : banned) total -= MassOf(row, token);
  for (float depth = kFirstDepth;; depth *= 2) {
    Gather(row, depth, banned, scratch);
    const bool enough = top_k ? kept.size() >= static_cast<size_t>(options.top_k)
                              : SumOf(kept) >= NucleusMass(options.top_p, total);
    if (enough || depth > kMassDepth) break;
  }
  if (top_k && static_cast<size_t>(options.top_k) < kept.size()) {
    std::nth_element(kept.begin(), kept.begin() + options.top_k, kept.end(), MoreLikely);
    kept.resize(static_cast<size_t>(options.top_k));
  }
  if (options.top_p < 1.0) {
    const uint64_t wanted = NucleusMass(options.top_p, top_k ? SumOf(kept) : total);
    std::sort(kept.begin(), kept.end(), MoreLikely);
    uint64_t sum = 0;
    size_t count = 0;
    while (count < kept.size() && (count == 0 || sum < wanted)) sum += kept[count++].mass;
    kept.resize(count);
  }
  std::sort(kept.begin(), kept.end(),
            [](const Candidate& a, const Candidate& b) { return a.id < b.id; });
}

SampledToken Sampler::Sample(const LogitRow& row, const SamplingOptions& options,
                             const std::array<uint32_t, 4>& hash, uint32_t position,
                             std::span<const int32_t> banned, Scratch* scratch) const {
  if (!std::isfinite(row.log_sum)) return {.failed = true};
  const Draws draws{.hash = hash, .position = position};
  const std::vector<Candidate>& kept = scratch->kept;
  const bool greedy = options.temperature == 0;
  const bool truncated = !greedy && (options.top_k > 0 || options.top_p < 1.0);
  const bool race = !greedy && options.sampler == SamplerKind::kGumbel;
  const bool renormalised = truncated || (!greedy && !banned.empty());
  if (truncated) {
    Truncate(row, options, banned, scratch);
  } else if (race || renormalised) {
    Gather(row, kMassDepth, banned, scratch);
  }
  int32_t token = -1;
  if (greedy) {
    token = ArgMax(row, banned);
  } else if (!truncated && !race) {
    token = DrawFromBlocks(row, banned, draws, scratch);
  } else if (!kept.empty()) {
    token = race ? draws.ExponentialRace(kept) : draws.InverseCdf(kept);
  }
  if (token < 0) return {.failed = true};
  const float above = row.z[token] - row.max;
  const float full = above - row.log_sum;
  return {.token = token,
          .log_prob = renormalised ? above - LogSum(kept) : full,
          .full_log_prob = full};
}

}  // namespace winnow::rollout
