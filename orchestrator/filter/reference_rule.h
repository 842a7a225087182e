#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/status.h"
#include "orchestrator/filter/interface.h"
#include "orchestrator/filter/uniform_stream.h"

namespace winnow::orchestrator {

// The arithmetic of the published GRESO code (greso.md §3): rewards, means and shares are float32,
// thresholds and probabilities double, p^z is std::pow. The bits are part of the contract.

// Mean of a group's rewards [k] f32: summed in order in float32, then divided.
float ReferenceMean(std::span<const float> rewards);

// A share of a rollout: float32(count / total), widened.
double ReferenceShare(uint64_t count, uint64_t total);

// The streak after a group of mean m: the published code's two runs at the history's end as one
// signed number, e = max(z, 0), h = max(-z, 0):
//   m >= 0.98: z > 0 ? z+1 : 1;   m <= 0.11: z < 0 ? z-1 : -1;   else 0
int32_t NextReferenceStreak(int32_t z, float mean);

// Decides an offer of a prompt with streak `z` (nothing: no history, kept without a draw):
//   draw u: u < 1 - max(p_easy^e, floor): skip easy      (drawn even if e = 0, where it cannot
//   skip) last mean > 0.11 (z >= 0): keep draw u: u < 1 - max(p_hard^h, floor): skip hard, else
//   keep
// Errors: those of the stream.
Result<Decision> DecideReference(const Offer& offer, std::optional<int32_t> z, const Exploration& p,
                                 double floor, UniformStream* stream);

// The number of prompts that fill what is missing, before the cut to [64, d]:
//   est = trunc((T n - |buf| n) / (1 - zvr) / n * 1.25)
// Errors: kFailedPrecondition if zvr = 1, where the published code divides by zero.
Result<int64_t> ReferenceEstimate(int64_t batch, int64_t buffered, int64_t n,
                                  double zero_variance_share);

}  // namespace winnow::orchestrator
