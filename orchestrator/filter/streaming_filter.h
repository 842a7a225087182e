#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/filter/interface.h"
#include "orchestrator/filter/options.h"

namespace winnow::orchestrator {

// Base of the variants that judge each offer by itself: what they share is quarantine, explanation
// and the counting of k. A variant says how it decides about a prompt that is in no quarantine.
class StreamingFilter : public PromptFilter {
 public:
  // `state` outlives the filter.
  StreamingFilter(const FilterSettings& settings, PromptState* state);

  bool refills() const override { return true; }
  size_t CandidatesFor(size_t want) const override { return want; }
  std::vector<Decision> Select(std::span<const Offer> offers, size_t want) const override;
  bool Trainable(const store::Outcome& outcome) const override;
  void Observe(const store::Outcome& outcome) override;
  void OnStep(const StepTally& tally) override;
  std::string Save() const override;
  Status Load(std::string_view saved) override;
  Explanation Explain(PromptId prompt) const override;

 protected:
  // `aggregate` is null if nothing is known of the prompt.
  virtual Decision Decide(const Offer& offer, const store::PromptAggregate* aggregate) const = 0;

  const FilterSettings& settings() const { return settings_; }
  const PromptState& state() const { return *state_; }
  // The keyed draw `d` of an offer.
  double Uniform(const Offer& offer, uint32_t d) const;
  // Trainable of the variants that train a wave as it is: k >= min(n, min_scored).
  bool HasEnoughScored(const store::Outcome& outcome) const;
  // A decision against quarantined prompts, before any draw; nothing for others.
  std::optional<Decision> DecideQuarantine(const Offer& offer,
                                           const store::PromptAggregate* aggregate) const;
  // Reads "{version, type, NUMBER...}" written by SaveScalars; a missing number is kDataLoss.
  std::string SaveScalars(const MetricList& scalars) const;
  Result<MetricList> LoadScalars(std::string_view saved,
                                 std::span<const std::string_view> names) const;

 private:
  const FilterSettings settings_;
  PromptState* const state_;
};

// The class that a person is shown: `unseen`, or that of the last known outcome.
std::string_view ClassNameOf(const store::PromptAggregate* aggregate);

}  // namespace winnow::orchestrator
