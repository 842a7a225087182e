#pragma once

#include "orchestrator/filter/streaming_filter.h"

namespace winnow::orchestrator {

// `none`: plain GRPO. Keeps every offer, one wave of T a step, and trains on it as it is:
//   trainable iff k >= min(n, min_scored)
class KeepAll : public StreamingFilter {
 public:
  using StreamingFilter::StreamingFilter;
  std::string_view name() const override { return "none"; }
  bool refills() const override { return false; }
  bool Trainable(const store::Outcome& outcome) const override;

 protected:
  Decision Decide(const Offer& offer, const store::PromptAggregate* aggregate) const override;
};

// The decision of every variant that looks at no history.
Decision KeepWithoutFilter(const Offer& offer, const store::PromptAggregate* aggregate);

}  // namespace winnow::orchestrator
