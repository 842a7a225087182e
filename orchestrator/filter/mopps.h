#pragma once

#include <cstdint>

#include "orchestrator/filter/streaming_filter.h"

namespace winnow::orchestrator {

// Keyed uniforms of one offer, in order: draws d = first, first + 1, ... (greso.md §2.3).
class KeyedUniforms {
 public:
  KeyedUniforms(uint64_t seed, const Offer& offer, uint32_t first)
      : seed_(seed), offer_(offer), next_(first) {}
  double Next();
  uint32_t next() const { return next_; }

 private:
  const uint64_t seed_;
  const Offer offer_;
  uint32_t next_;
};

// One draw of Gamma(shape, 1), shape >= 1, by Marsaglia and Tsang (ACM TOMS 26(3), 2000):
//   d = shape - 1/3, c = 1/sqrt(9 d);  x ~ N(0, 1), v = (1 + c x)^3;
//   accept d v if v > 0 and log U < x^2/2 + d - d v + d log v
// x is Box and Muller's cosine branch, so that each trial uses three uniforms.
double DrawGamma(double shape, KeyedUniforms* uniforms);

// theta ~ Beta(a, b) = X / (X + Y), X ~ Gamma(a), Y ~ Gamma(b).
double DrawBeta(double a, double b, KeyedUniforms* uniforms);

// `mopps` (arXiv:2507.04632): Thompson sampling of prompts of middling success. Over
// candidate_factor * want offers draws theta ~ Beta(a, b) of each prompt (prior if unseen), draws
// d = 2, 3, ..., and keeps the `want` smallest (theta - target)^2, ties by offer order. One wave of
// T a step, trained as it is: trainable iff k >= min(n, min_scored).
class Mopps : public StreamingFilter {
 public:
  using StreamingFilter::StreamingFilter;
  std::string_view name() const override { return "mopps"; }
  bool refills() const override { return false; }
  size_t CandidatesFor(size_t want) const override;
  std::vector<Decision> Select(std::span<const Offer> offers, size_t want) const override;
  bool Trainable(const store::Outcome& outcome) const override;

 protected:
  // The draw of one prompt, kept; Select ranks them.
  Decision Decide(const Offer& offer, const store::PromptAggregate* aggregate) const override;
};

}  // namespace winnow::orchestrator
