#include "orchestrator/filter/step_counters.h"

#include <string>

#include "base/format.h"

namespace winnow::orchestrator {
namespace {

// Metric names, at Count. A name without '/' is saved but shown in ratios only.
constexpr std::array<std::string_view, kNumCounts> kNames = {
    "filter/offered",
    "filter/kept",
    "filter/skipped_easy",
    "filter/skipped_hard",
    "filter/skipped_random",
    "filter/skipped_ranked_out",
    "filter/skipped_quarantined",
    "filter/set_aside",
    "rollout/waves",
    "rollout/prompts",
    "rollout/responses",
    "rollout/tokens",
    "scored_tokens",
    "reward_sum",
    "rollout/scored",
    "rollout/invalid",
    "rollout/timeout",
    "rollout/error",
    "filter/effective",
    "filter/easy",
    "filter/hard",
    "filter/unknown",
    "filter/surplus_dropped",
    "filter/stale_dropped",
    "filter/short_batches",
    "filter/empty_steps",
    "filter/saved_responses",
    "filter/shadow",
    "shadow_known",
    "shadow_zero_variance",
    "later_zero_variance",
    "later_zero_variance_again",
    "once_zero_variance",
};
constexpr int kCoverageEpochs[] = {1, 2, 4, 8};

Count Offset(Count first, size_t offset) {
  return static_cast<Count>(static_cast<size_t>(first) + offset);
}

// The ratios of one set of sums; `suffix` is "" or "_total".
void AppendRatios(const std::array<double, kNumCounts>& sums, std::string_view suffix,
                  MetricList* list) {
  const auto of = [&](Count count) { return sums[static_cast<size_t>(count)]; };
  const auto add = [&](std::string_view name, double numerator, double denominator) {
    AddRatio(Format("{}{}", name, suffix), numerator, denominator, list);
  };
  const double classes =
      of(Count::kEffective) + of(Count::kEasy) + of(Count::kHard) + of(Count::kUnknown);
  add("filter/share_effective", of(Count::kEffective), classes);
  add("filter/share_easy", of(Count::kEasy), classes);
  add("filter/share_hard", of(Count::kHard), classes);
  add("filter/share_unknown", of(Count::kUnknown), classes);
  add("filter/skip_rate", of(Count::kOffered) - of(Count::kKept), of(Count::kOffered));
  add("filter/precision", of(Count::kShadowZeroVariance), of(Count::kShadowKnown));
  add("filter/zero_variance_seen_before", of(Count::kLaterZeroVarianceAgain),
      of(Count::kLaterZeroVariance));
  add("filter/zero_variance_stays", of(Count::kLaterZeroVarianceAgain),
      of(Count::kOnceZeroVariance));
  add("rollout/mean_wave", of(Count::kPrompts), of(Count::kWaves));
  add("rollout/mean_length", of(Count::kScoredTokens), of(Count::kScored));
  add("rollout/yield", of(Count::kEffective), of(Count::kPrompts));
  add("rollout/reward_mean", of(Count::kRewardSum), of(Count::kScored));
}

void AppendCounts(const std::array<double, kNumCounts>& sums, std::string_view suffix,
                  MetricList* list) {
  for (int i = 0; i < kNumCounts; ++i) {
    if (kNames[i].find('/') == std::string_view::npos) continue;
    list->push_back({Format("{}{}", kNames[i], suffix), sums[i]});
  }
}

}  // namespace

void StepCounters::LoadAges(const PromptState& state) {
  prompts_by_last_epoch_.clear();
  state.ForEach([this](PromptId, const store::PromptAggregate& aggregate) {
    if (aggregate.groups > aggregate.shadow) ++prompts_by_last_epoch_[aggregate.last_epoch];
  });
}

void StepCounters::Add(Count count, double amount) {
  step_[static_cast<size_t>(count)] += amount;
  total_[static_cast<size_t>(count)] += amount;
}

void StepCounters::OnDecision(const Decision& decision) {
  Add(Count::kOffered);
  if (decision.keep) return Add(Count::kKept);
  const size_t first = static_cast<size_t>(store::FilterReason::kEasy);
  Add(Offset(Count::kSkippedEasy, static_cast<size_t>(decision.reason) - first));
  Add(Count::kSavedResponses, n_);
}

void StepCounters::OnOutcome(const store::Outcome& outcome, const store::PromptAggregate* before) {
  Add(Count::kResponses, static_cast<double>(outcome.samples.size()));
  for (const store::SampleOutcome& sample : outcome.samples) {
    Add(Count::kTokens, sample.length);
    Add(Offset(Count::kScored, static_cast<size_t>(sample.kind) - 1));
    if (sample.kind != VerdictKind::kScored) continue;
    Add(Count::kScoredTokens, sample.length);
    Add(Count::kRewardSum, static_cast<double>(sample.reward));
  }
  const bool zero_variance =
      outcome.cls == store::OutcomeClass::kEasy || outcome.cls == store::OutcomeClass::kHard;
  const bool known = outcome.cls != store::OutcomeClass::kUnknown;
  if (outcome.shadow) {
    Add(Count::kShadow);
    Add(Count::kShadowKnown, known ? 1 : 0);
    Add(Count::kShadowZeroVariance, zero_variance ? 1 : 0);
    return;
  }
  Add(Count::kPrompts);
  switch (outcome.cls) {
    case store::OutcomeClass::kEffective:
      Add(Count::kEffective);
      break;
    case store::OutcomeClass::kEasy:
      Add(Count::kEasy);
      break;
    case store::OutcomeClass::kHard:
      Add(Count::kHard);
      break;
    case store::OutcomeClass::kUnknown:
      Add(Count::kUnknown);
      break;
  }
  const bool once_zero_variance =
      before != nullptr &&
      before->groups_by_class[static_cast<size_t>(store::OutcomeClass::kEasy)] +
              before->groups_by_class[static_cast<size_t>(store::OutcomeClass::kHard)] >
          0;
  if (outcome.epoch >= 1) {
    Add(Count::kLaterZeroVariance, zero_variance ? 1 : 0);
    Add(Count::kLaterZeroVarianceAgain, zero_variance && once_zero_variance ? 1 : 0);
    Add(Count::kOnceZeroVariance, known && once_zero_variance ? 1 : 0);
  }
  if (before != nullptr && before->groups > before->shadow) {
    --prompts_by_last_epoch_[before->last_epoch];
  }
  ++prompts_by_last_epoch_[outcome.epoch];
}

// A prompt whose last rollout was in epoch L has not been rolled out for k epochs at epoch E iff
// E - L > k; one that never was has L = -1.
void StepCounters::AppendCoverage(uint32_t epoch, MetricList* list) const {
  uint64_t visited = 0;
  for (const auto& [last, count] : prompts_by_last_epoch_) visited += count;
  const double never = static_cast<double>(num_prompts_) - static_cast<double>(visited);
  for (const int k : kCoverageEpochs) {
    double waiting = epoch >= static_cast<uint32_t>(k) ? never : 0;
    for (const auto& [last, count] : prompts_by_last_epoch_) {
      if (epoch > last + static_cast<uint64_t>(k)) waiting += static_cast<double>(count);
    }
    AddRatio(Format("filter/not_rolled_out_for_{}_epochs", k), waiting,
             static_cast<double>(num_prompts_), list);
  }
}

MetricList StepCounters::Metrics(uint32_t epoch) const {
  MetricList list;
  list.push_back({"filter/epoch", epoch});
  AppendCounts(step_, "", &list);
  AppendRatios(step_, "", &list);
  AppendCoverage(epoch, &list);
  AppendCounts(total_, "_total", &list);
  AppendRatios(total_, "_total", &list);
  return list;
}

std::vector<std::pair<std::string_view, double>> StepCounters::SaveTotals() const {
  std::vector<std::pair<std::string_view, double>> saved;
  for (int i = 0; i < kNumCounts; ++i) saved.emplace_back(kNames[i], total_[i]);
  return saved;
}

Status StepCounters::LoadTotals(const std::map<std::string, double>& totals) {
  Sums loaded{};
  for (int i = 0; i < kNumCounts; ++i) {
    const auto found = totals.find(std::string(kNames[i]));
    if (found == totals.end()) {
      return DataLoss(Format("planner state: counter must be present: {}", kNames[i]));
    }
    loaded[i] = found->second;
  }
  total_ = loaded;
  return OkStatus();
}

}  // namespace winnow::orchestrator
