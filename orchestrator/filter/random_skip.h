#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/status.h"
#include "orchestrator/filter/streaming_filter.h"

namespace winnow::orchestrator {

// The share of offers that a run skipped, by step.
using SkipRates = std::map<uint64_t, double>;

// Reads `filter/skip_rate` of each step from the metrics.jsonl of another run.
// Errors: kInvalidArgument "PATH:LINE: ..." for a line that is no record or a rate outside [0, 1],
// kInvalidArgument if no line has a rate.
Result<SkipRates> ReadSkipRates(const std::string& path);

// `random_skip`: the control for "just fewer prompts". Skips iff u < rate, whatever the prompt;
// rate = skip_rate, or that of the same step in another run (of the last step before it that has
// one, else 0).
class RandomSkip : public StreamingFilter {
 public:
  // `rates` is empty if settings.options.skip_rate is given.
  RandomSkip(const FilterSettings& settings, SkipRates rates, PromptState* state);
  std::string_view name() const override { return "random_skip"; }
  void OnStep(const StepTally& tally) override;
  std::string Save() const override;
  Status Load(std::string_view saved) override;
  double rate() const;

 protected:
  Decision Decide(const Offer& offer, const store::PromptAggregate* aggregate) const override;

 private:
  const SkipRates rates_;
  uint64_t step_;  // the open one
};

}  // namespace winnow::orchestrator
