#include "orchestrator/filter/band.h"

#include "orchestrator/filter/keep_all.h"

namespace winnow::orchestrator {

bool Band::Trainable(const store::Outcome& outcome) const {
  if (!StreamingFilter::Trainable(outcome)) return false;
  double sum = 0;
  for (const store::SampleOutcome& sample : outcome.samples) {
    if (sample.kind == VerdictKind::kScored) sum += static_cast<double>(sample.metric);
  }
  const double mean = sum / store::NumScored(outcome);
  return settings().options.band_low <= mean && mean <= settings().options.band_high;
}

Decision Band::Decide(const Offer& offer, const store::PromptAggregate* aggregate) const {
  return KeepWithoutFilter(offer, aggregate);
}

}  // namespace winnow::orchestrator
