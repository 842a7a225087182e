#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "orchestrator/filter/interface.h"
#include "orchestrator/metrics/metric_list.h"
#include "store/outcome.h"

namespace winnow::orchestrator {

// Names a group for ever: the key of its record in history.
struct GroupKey {
  uint64_t step = 0;
  PromptId prompt;
  uint16_t occurrence = 0;
  friend auto operator<=>(const GroupKey&, const GroupKey&) = default;
};

// A group to generate.
struct PlannedGroup {
  PromptId prompt;
  uint32_t epoch = 0;
  uint16_t occurrence = 0;  // k: the k-th further group of the prompt in this step
  bool shadow = false;      // generated to measure the filter, never trained on

  friend bool operator==(const PlannedGroup&, const PlannedGroup&) = default;
};

// The groups that are generated together, in the order in which their outcomes count.
struct Wave {
  uint32_t index = 0;  // within the step
  std::vector<PlannedGroup> groups;

  friend bool operator==(const Wave&, const Wave&) = default;
};

// What a step comes to. The update is made on `batch`; if it is empty, none is made: the step
// number advances, the policy version does not.
struct StepResult {
  uint64_t step = 0;
  std::vector<GroupKey> batch;     // in training order, at most T
  std::vector<GroupKey> surplus;   // effective, no place in the batch, dropped with the update
  std::vector<GroupKey> stale;     // left over from earlier steps, too old for this one
  std::vector<store::Skip> skips;  // for history; at most one a prompt
  StepTally tally;
  std::string warning;     // one line about a short batch; empty if there is nothing to say
  bool run_ends = false;   // no further step can begin
  std::string end_reason;  // if run_ends
  MetricList metrics;      // filter/ and rollout/ of greso.md §6, per step and `_total`
};

// What happened, in the form of golden/greso/README.md; for replay and tests.
struct PlannerEvent {
  enum class Kind : uint8_t { kFilter, kRollout, kResample, kTrain };
  Kind kind = Kind::kFilter;
  uint32_t epoch = 0;
  uint64_t step = 0;
  std::vector<PromptId> ids;
  std::vector<int>
      decisions;  // per id: 0 easy, 1 hard, 2 kept, 3 random, 4 ranked out, 5 quarantined
  uint64_t draws = 0;
  double zero_variance_share = 0;  // zvr
  int64_t wave_size = 0;           // abs
  double hard_ratio = 0;
  double easy_ratio = 0;
  Exploration exploration;  // after adapting
  uint64_t samples = 0;     // responses generated so far

  friend bool operator==(const PlannerEvent&, const PlannerEvent&) = default;
};

// Turns offers into waves and outcomes into batches: a pure state machine, without clock, socket or
// thread. WaveBuilder is winnow mode, ReferenceMode the published implementation's behaviour; the
// step loop does not know which of them it drives:
//
//   planner->BeginStep(step, version);
//   while (true) {
//     WINNOW_ASSIGN_OR_RETURN(const std::optional<Wave> wave, planner->NextWave());
//     if (!wave.has_value()) break;
//     std::vector<store::Outcome> outcomes = ...;          // one per wave->groups, in order
//     WINNOW_RETURN_IF_ERROR(planner->OnOutcomes(outcomes));
//   }
//   WINNOW_ASSIGN_OR_RETURN(const StepResult result, planner->FinishStep());
//   ... update on result.batch, commit outcomes, result.skips and planner->Save() as one ...
//
// Threads: one caller; Explain from any thread while no other member runs.
class RolloutPlanner {
 public:
  virtual ~RolloutPlanner() = default;

  // True if no further step can begin: the data ended, or nothing is left to learn.
  virtual bool ended() const = 0;
  // Opens a step with the policy's present version. REQUIRES: no step is open, !ended().
  virtual void BeginStep(uint64_t step, PolicyVersion version) = 0;
  // The next wave to generate; nothing if the step is ready to finish.
  // REQUIRES: no wave is open.
  virtual Result<std::optional<Wave>> NextWave() = 0;
  // Takes the outcomes of the open wave, one per group and in its order. Reads prompt, versions and
  // samples of each; fills in step, epoch, occurrence, shadow and cls. A group that was lost has no
  // samples. `trained` and `surplus` are known only to FinishStep.
  virtual Status OnOutcomes(std::span<store::Outcome> outcomes) = 0;
  // Closes the step: the batch is cut, exploration adapted. REQUIRES: NextWave gave nothing.
  virtual Result<StepResult> FinishStep() = 0;

  // Cursor, set-aside offers, exploration and counters; versioned. Only between steps.
  virtual std::string Save() const = 0;
  // Restores what Save gave. Settings that may change between runs (p, tau, D, ...) are noted, one
  // line each; others are refused with both values (kFailedPrecondition); kDataLoss if damaged.
  // REQUIRES: no step was begun; the PromptState has been loaded.
  virtual Status Load(std::string_view saved, std::vector<std::string>* notes) = 0;

  // True if Restore must be called, before the first step, for each outcome of history in key
  // order.
  virtual bool needs_history() const { return false; }
  virtual void Restore(const store::Outcome&) {}

  virtual Explanation Explain(PromptId prompt) const = 0;
  // The epoch of the next offer that is not a set-aside one.
  virtual uint32_t epoch() const = 0;
  // The events since the last call or the step's begin, whichever is later.
  virtual std::vector<PlannerEvent> TakeEvents() = 0;
};

}  // namespace winnow::orchestrator
