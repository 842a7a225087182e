#include "orchestrator/filter/keep_all.h"

namespace winnow::orchestrator {

Decision KeepWithoutFilter(const Offer& offer, const store::PromptAggregate* aggregate) {
  Decision decision;
  decision.offer = offer;
  decision.keep = true;
  decision.reason = store::FilterReason::kNoFilter;
  decision.z = aggregate == nullptr ? 0 : aggregate->streak;
  return decision;
}

bool KeepAll::Trainable(const store::Outcome& outcome) const {
  return !outcome.shadow && HasEnoughScored(outcome);
}

Decision KeepAll::Decide(const Offer& offer, const store::PromptAggregate* aggregate) const {
  return KeepWithoutFilter(offer, aggregate);
}

}  // namespace winnow::orchestrator
