#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "orchestrator/filter/interface.h"
#include "orchestrator/metrics/metric_list.h"

namespace winnow::orchestrator {

// Sums that are kept for the open step and for the whole run.
enum class Count : uint8_t {
  kOffered,
  kKept,
  kSkippedEasy,  // in the order of store::FilterReason
  kSkippedHard,
  kSkippedRandom,
  kSkippedRankedOut,
  kSkippedQuarantined,
  kSetAside,
  kWaves,
  kPrompts,
  kResponses,
  kTokens,
  kScoredTokens,
  kRewardSum,
  kScored,  // in the order of VerdictKind
  kInvalid,
  kTimeout,
  kError,
  kEffective,
  kEasy,
  kHard,
  kUnknown,
  kSurplus,
  kStale,
  kShortBatches,
  kEmptySteps,
  kSavedResponses,
  kShadow,
  kShadowKnown,
  kShadowZeroVariance,
  kLaterZeroVariance,       // zero-variance groups from epoch 1 on,
  kLaterZeroVarianceAgain,  // of those: had been zero-variance before
  kOnceZeroVariance,        // groups from epoch 1 on of prompts once zero-variance, class known
};
inline constexpr int kNumCounts = static_cast<int>(Count::kOnceZeroVariance) + 1;

// Counts what a planner does and makes of it the metrics of greso.md §6. Totals survive a resume.
// Threads: one caller.
class StepCounters {
 public:
  // n = samples a skipped prompt would have had; num_prompts = N.
  StepCounters(uint32_t n, size_t num_prompts) : n_(n), num_prompts_(num_prompts) {}

  // Reads from the loaded state in which epoch each prompt was rolled out last.
  void LoadAges(const PromptState& state);
  void BeginStep() { step_ = {}; }
  void Add(Count count, double amount = 1);
  void OnDecision(const Decision& decision);
  // `before` is what was known of the prompt before this outcome; null if nothing.
  void OnOutcome(const store::Outcome& outcome, const store::PromptAggregate* before);

  double total(Count count) const { return total_[static_cast<size_t>(count)]; }
  // The metrics of the step that ends, whose last offer was of `epoch`.
  MetricList Metrics(uint32_t epoch) const;

  std::vector<std::pair<std::string_view, double>> SaveTotals() const;
  // Errors: kDataLoss for a name that is missing.
  Status LoadTotals(const std::map<std::string, double>& totals);

 private:
  using Sums = std::array<double, kNumCounts>;
  void AppendCoverage(uint32_t epoch, MetricList* list) const;

  const uint32_t n_;
  const size_t num_prompts_;
  Sums step_{};
  Sums total_{};
  std::map<uint32_t, uint64_t> prompts_by_last_epoch_;  // of those rolled out
};

}  // namespace winnow::orchestrator
