#include "orchestrator/filter/dynamic_sampling.h"

#include "orchestrator/filter/keep_all.h"

namespace winnow::orchestrator {

Decision DynamicSampling::Decide(const Offer& offer,
                                 const store::PromptAggregate* aggregate) const {
  return KeepWithoutFilter(offer, aggregate);
}

}  // namespace winnow::orchestrator
