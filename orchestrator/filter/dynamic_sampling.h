#pragma once

#include "orchestrator/filter/streaming_filter.h"

namespace winnow::orchestrator {

// `dynamic_sampling` (DAPO, arXiv:2503.14476, eq. 11): keeps every offer, trains on effective
// groups only and generates until T of them are there.
class DynamicSampling : public StreamingFilter {
 public:
  using StreamingFilter::StreamingFilter;
  std::string_view name() const override { return "dynamic_sampling"; }

 protected:
  Decision Decide(const Offer& offer, const store::PromptAggregate* aggregate) const override;
};

}  // namespace winnow::orchestrator
