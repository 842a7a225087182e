#pragma once

#include "orchestrator/filter/streaming_filter.h"

namespace winnow::orchestrator {

// Probability to skip a prompt of streak z (GRESO, arXiv:2506.02177, with the floor of its code):
//   s = 0 if z = 0, else 1 - max(p^|z|, floor)
// p^|z| is a chain of double products, so that its bits are the same everywhere.
double SkipProbability(int32_t z, double p, double floor);

// One step of adaptation of a base exploration probability (greso.md §2.5):
//   p' = share >= alpha ? max(p - step, p_min) : min(p + step, p_max)
// Lower p skips more.
double AdaptExploration(double p, double share, double alpha, const FilterOptions& options);

// `greso`: skips prompts that were zero-variance before, with a probability that grows with the
// streak z and never reaches 1. With p = p_easy if z > 0, p_hard if z < 0:
//   skip iff u < SkipProbability(z, p, floor),  u keyed by (seed, prompt, epoch)
// After a step with c = E + Z_e + Z_h > 0 groups of known class, from epoch 1 on, p_easy is adapted
// by the share Z_e/c against tau/3, p_hard by Z_h/c against tau 2/3.
class Greso : public StreamingFilter {
 public:
  Greso(const FilterSettings& settings, PromptState* state);
  std::string_view name() const override { return "greso"; }
  void OnStep(const StepTally& tally) override;
  std::string Save() const override;
  // A base probability that was changed in the configuration since is taken from there; p is then
  // cut to [p_min, p_max].
  Status Load(std::string_view saved) override;
  Exploration exploration() const override { return exploration_; }
  void AppendMetrics(MetricList* list) const override;

 protected:
  Decision Decide(const Offer& offer, const store::PromptAggregate* aggregate) const override;

 private:
  Exploration exploration_;
};

}  // namespace winnow::orchestrator
