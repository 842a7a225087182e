#include "learner/loss/covariance.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/philox.h"

namespace winnow::learner {

std::vector<double> Covariance(const LossTokens& tokens) {
  double count = 0, advantage_sum = 0, logp_sum = 0;
  for (size_t t = 0; t < tokens.mask.size(); ++t) {
    if (!tokens.mask[t]) continue;
    count += 1;
    advantage_sum += tokens.advantage[t];
    logp_sum += tokens.logp[t];
  }
  std::vector<double> covariance(tokens.mask.size(), 0.0);
  for (size_t t = 0; t < tokens.mask.size(); ++t) {
    if (!tokens.mask[t]) continue;
    covariance[t] =
        (tokens.advantage[t] - advantage_sum / count) * (tokens.logp[t] - logp_sum / count);
  }
  return covariance;
}

size_t SelectionCount(double ratio, const LossTokens& tokens) {
  const auto count = std::count(tokens.mask.begin(), tokens.mask.end(), uint8_t{1});
  return std::max<size_t>(1, static_cast<size_t>(std::floor(ratio * static_cast<double>(count))));
}

uint64_t SelectionPriority(uint64_t seed, uint32_t update, const SequenceIdentity& sequence,
                           size_t offset) {
  const std::array<uint32_t, 4> hash = StreamHash({.seed = seed,
                                                   .prompt = sequence.prompt,
                                                   .step = sequence.step,
                                                   .use = NoiseUse::kCovariance,
                                                   .occurrence = 0,
                                                   .sample = update});
  const uint32_t position = sequence.first_position + static_cast<uint32_t>(offset);
  const std::array<uint32_t, 4> words =
      Philox({hash[0], hash[1]},
             {position, sequence.occurrence << 20 | sequence.sample, hash[2], hash[3]});
  return static_cast<uint64_t>(words[1]) << 32 | words[0];
}

}  // namespace winnow::learner
