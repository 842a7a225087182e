#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "learner/loss/interface.h"

namespace winnow::learner {

// Per-token covariance of advantage and log-prob (arXiv 2505.22617, eq. 10):
//   C_it = (A_it − Ā)(x_it − x̄),  means over the N tokens of the mini-batch with m = 1.
// [tokens]; 0 where m = 0.
std::vector<double> Covariance(const LossTokens& tokens);

// K = max(1, ⌊ratio·N⌋), N = tokens with m = 1.
size_t SelectionCount(double ratio, const LossTokens& tokens);

// Priority of token `offset` of a sequence in a random choice: the first 64 bits of
//   philox([h0, h1], [position, occurrence << 20 | sample, h2, h3]),
//   h = philox([seed.lo, seed.hi], [prompt.lo, prompt.hi, step, 5 << 28 | update]).
uint64_t SelectionPriority(uint64_t seed, uint32_t update, const SequenceIdentity& sequence,
                           size_t offset);

}  // namespace winnow::learner
