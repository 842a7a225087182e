#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "orchestrator/filter/offer_source.h"
#include "orchestrator/filter/options.h"
#include "orchestrator/filter/planner.h"
#include "orchestrator/filter/step_counters.h"

namespace winnow::orchestrator {

// Size of the next wave, in prompts (greso.md §2.4), in double, left to right:
//   D if eff = 0, else clamp(floor(miss * |W| / eff * beta), M, D)
// miss = groups still lacking, |W| = size of the last wave, eff = groups that wave gave.
uint32_t NextWaveSize(uint64_t miss, uint64_t wave, uint64_t effective,
                      const FilterSettings& settings);

// The planner of winnow mode (greso.md §2.4). A step shows each prompt at most once; offers of the
// next epoch that hit a prompt already offered in the step are set aside and come first in the next
// step, so each (prompt, epoch) is offered exactly once. Groups enter the buffer in wave order, so
// a batch does not depend on who finished first. Ownership: owns the filter; state and source
// outlive it. In sync mode nothing inside a step is saved: a resumed run starts the open step again
// and, by its keys, does the same.
class WaveBuilder : public RolloutPlanner {
 public:
  WaveBuilder(const FilterSettings& settings, std::unique_ptr<PromptFilter> filter,
              PromptState* state, const OfferSource* source);

  bool ended() const override;
  void BeginStep(uint64_t step, PolicyVersion version) override;
  Result<std::optional<Wave>> NextWave() override;
  Status OnOutcomes(std::span<store::Outcome> outcomes) override;
  Result<StepResult> FinishStep() override;
  std::string Save() const override;
  Status Load(std::string_view saved, std::vector<std::string>* notes) override;
  Explanation Explain(PromptId prompt) const override { return filter_->Explain(prompt); }
  uint32_t epoch() const override { return epoch_; }
  std::vector<PlannerEvent> TakeEvents() override;

  const PromptFilter& filter() const { return *filter_; }

 private:
  enum class Phase : uint8_t { kClosed, kOpen, kWaveOut, kReady };
  struct Buffered {
    GroupKey key;
    PolicyVersion version;  // of the group's oldest token
  };

  bool SourceAtEnd() const;
  bool DataEnded() const { return set_aside_.empty() && SourceAtEnd(); }
  bool AllOffered() const { return offered_.size() >= source_->num_prompts(); }
  // The next offer of this step whose prompt was not offered in it; nothing if there is none.
  std::optional<Offer> NextOffer();
  Offer TakeFromSource();
  // Shows offers to the filter until `wave` has `size_` kept prompts or no offer is left.
  void Fill(Wave* wave);
  void OnDecisions(std::span<const Decision> decisions, Wave* wave,
                   std::vector<PlannedGroup>* shadows);
  void ObserveOutcome(const PlannedGroup& group, store::Outcome* outcome);
  // After a wave: train, or size the next one.
  void Advance(uint64_t wave_size, uint64_t added);
  std::string WarningOf(size_t batch) const;
  void CutBatch(StepResult* result);

  const FilterSettings settings_;
  const std::unique_ptr<PromptFilter> filter_;
  PromptState* const state_;
  const OfferSource* const source_;

  // Saved.
  uint64_t step_ = 0;  // the last begun
  PolicyVersion version_;
  uint32_t epoch_ = 0;
  uint64_t position_ = 0;
  std::deque<Offer> set_aside_;
  uint32_t empty_steps_ = 0;      // in a row
  std::vector<Buffered> buffer_;  // empty between steps in sync mode
  StepCounters counters_;

  // Of the open step.
  Phase phase_ = Phase::kClosed;
  uint32_t size_ = 0;
  uint32_t waves_ = 0;
  std::unordered_set<PromptId> offered_;
  std::vector<Offer> deferred_;  // set aside in this step
  std::vector<PlannedGroup> wave_;
  std::string short_reason_;
  StepTally tally_;
  std::vector<GroupKey> stale_;
  std::vector<store::Skip> skips_;
  std::vector<PlannerEvent> events_;

  std::vector<PromptId> order_;  // of order_epoch_
  std::optional<uint32_t> order_epoch_;
};

}  // namespace winnow::orchestrator
