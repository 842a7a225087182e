#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "orchestrator/filter/offer_source.h"
#include "orchestrator/filter/options.h"
#include "orchestrator/filter/planner.h"
#include "orchestrator/filter/step_counters.h"
#include "orchestrator/filter/uniform_stream.h"

namespace winnow::orchestrator {

// What the published code calls strategy and ttis.
enum class ReferenceStrategy : uint8_t { kAllProbabilistic, kKeepAll, kNone };
enum class ReferenceRefill : uint8_t { kDynamicSampling, kNone };

// The settings of reference mode that FilterOptions has no key for.
struct ReferenceOptions {
  ReferenceStrategy strategy = ReferenceStrategy::kAllProbabilistic;
  ReferenceRefill refill = ReferenceRefill::kDynamicSampling;
  uint64_t max_steps = 0;  // 0 = no limit; the step loop of a run has its own
};

// Strategy and refill of `filter.type` (greso.md §3): greso all_probabilistic; dynamic_sampling
// keep_all, or none if adaptive_batch is false; none none, with refill none.
ReferenceOptions ReferenceOptionsOf(const FilterOptions& options);

// The planner of `filter.mode: reference`: the behaviour of the published GRESO code, quirks
// included, exactly (greso.md §3). Names in comments are that code's: D sampling_batch_size =
// gen_batch_max, T real_train_batch_size, G n_gpus, grain dl_batch.
// A verdict without a reward does not exist there. Here a group that lacks one and shows no spread
// leaves no mark: not in history, not in the shares; one with a spread counts by its scored
// samples. Ownership: owns the stream; state and source outlive it.
class ReferenceMode : public RolloutPlanner {
 public:
  ReferenceMode(const FilterSettings& settings, const ReferenceOptions& reference,
                std::unique_ptr<UniformStream> stream, PromptState* state,
                const OfferSource* source);

  bool ended() const override;
  void BeginStep(uint64_t step, PolicyVersion version) override;
  // Errors: kFailedPrecondition if the grain leaves an empty rollout; those of the stream.
  Result<std::optional<Wave>> NextWave() override;
  // Errors: kFailedPrecondition where the published code divides by zero (quirk 6).
  Status OnOutcomes(std::span<store::Outcome> outcomes) override;
  Result<StepResult> FinishStep() override;
  std::string Save() const override;
  Status Load(std::string_view saved, std::vector<std::string>* notes) override;
  bool needs_history() const override { return true; }
  void Restore(const store::Outcome& outcome) override;
  // next_u is 0 and next_keep what the rule would do at the mean: the stream's next draw belongs to
  // whichever prompt comes next.
  Explanation Explain(PromptId prompt) const override;
  uint32_t epoch() const override { return epoch_; }
  std::vector<PlannerEvent> TakeEvents() override;

 private:
  enum class Phase : uint8_t { kClosed, kOpen, kWaveOut, kReady };
  // One rollout's groups, counted for the shares.
  struct RolloutShares {
    uint64_t known = 0;
    uint64_t zero_variance = 0;
    uint64_t all_one = 0;
    uint64_t all_tenth = 0;
  };

  // The next full grain, nothing at the data's end; a partial last grain is dropped.
  std::optional<std::vector<PromptId>> NextGrain();
  Result<std::vector<PromptId>> FilterGrain(const std::vector<PromptId>& grain);
  // Adds a grain to acc; the rollout once it is large enough.
  Result<std::vector<PromptId>> AccumulateGrain(const std::vector<PromptId>& grain);
  void FoldStreak(const store::Outcome& outcome);
  Wave MakeWave(const std::vector<PromptId>& rollout);
  void ObserveOutcome(const PlannedGroup& group, store::Outcome* outcome, RolloutShares* shares);
  Status SizeNextRollout(double zero_variance_share);
  void Adapt(double easy_ratio, double hard_ratio);

  const FilterSettings settings_;
  const ReferenceOptions reference_;
  const std::unique_ptr<UniformStream> stream_;
  PromptState* const state_;
  const OfferSource* const source_;

  // Saved; the rest is at its start value between steps.
  uint64_t step_ = 0;
  uint32_t epoch_ = 0;     // of the last grain
  uint64_t position_ = 0;  // in its order, of the next grain
  Exploration exploration_;
  uint64_t samples_ = 0;
  StepCounters counters_;

  std::unordered_map<PromptId, int32_t> streaks_;  // of prompts with a history; rebuilt by Restore

  Phase phase_ = Phase::kClosed;
  bool data_ended_ = false;
  std::vector<PromptId> acc_;
  std::vector<GroupKey> buf_;
  int64_t rollout_size_;  // ABS
  bool last_ = false;
  double easy_ = 0;
  double hard_ = 0;
  uint64_t total_ = 0;
  uint32_t waves_ = 0;
  std::vector<PlannedGroup> wave_;
  std::unordered_map<PromptId, uint16_t> occurrences_;
  StepTally tally_;
  std::vector<store::Skip> skips_;
  std::unordered_map<PromptId, size_t> skip_places_;
  std::vector<PlannerEvent> events_;

  std::vector<PromptId> order_;  // of order_epoch_
  std::optional<uint32_t> order_epoch_;
};

}  // namespace winnow::orchestrator
