#pragma once

#include "orchestrator/filter/streaming_filter.h"

namespace winnow::orchestrator {

// `band` (arXiv:2504.03380): keeps every offer, trains on effective groups of middling difficulty:
//   band_low <= mean R <= band_high,  R = metric of the scored samples, both borders inside
class Band : public StreamingFilter {
 public:
  using StreamingFilter::StreamingFilter;
  std::string_view name() const override { return "band"; }
  bool Trainable(const store::Outcome& outcome) const override;

 protected:
  Decision Decide(const Offer& offer, const store::PromptAggregate* aggregate) const override;
};

}  // namespace winnow::orchestrator
