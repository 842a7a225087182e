#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "orchestrator/metrics/metric_list.h"
#include "store/aggregate.h"
#include "store/outcome.h"

namespace winnow::orchestrator {

// One place of an epoch's permutation, shown to the filter once.
struct Offer {
  PromptId prompt;
  uint32_t epoch = 0;

  friend bool operator==(const Offer&, const Offer&) = default;
};

// What a filter made of an offer, with the numbers that decided it. Kept are the first four
// reasons of store::FilterReason.
struct Decision {
  Offer offer;
  bool keep = true;
  store::FilterReason reason = store::FilterReason::kNoFilter;
  int32_t z = 0;                // signed streak
  double p = 1;                 // base exploration probability (mopps: target)
  double skip_probability = 0;  // s; skipped iff u < s
  double u = 0;                 // keyed draw, 0 if none was made (mopps: theta)

  friend bool operator==(const Decision&, const Decision&) = default;
};

// What the groups of all waves of one step were. Shadow groups count nowhere.
struct StepTally {
  uint64_t step = 0;
  uint64_t effective = 0;
  uint64_t easy = 0;
  uint64_t hard = 0;
  uint64_t unknown = 0;
  uint32_t last_epoch = 0;  // of the step's last offer

  friend bool operator==(const StepTally&, const StepTally&) = default;
};

// Base exploration probabilities; 1 means that nothing is skipped.
struct Exploration {
  double p_easy = 1;
  double p_hard = 1;

  friend bool operator==(const Exploration&, const Exploration&) = default;
};

// What the filters know of each prompt. Declared here, implemented over memory
// (memory_prompt_state.h) or over the store.
// Threads: const members from any thread while no other member runs.
class PromptState {
 public:
  virtual ~PromptState() = default;
  // Nothing if the prompt has neither outcome nor skip.
  virtual std::optional<store::PromptAggregate> Find(PromptId prompt) const = 0;
  // The prompt was set aside by hand or by strikes (reliability.md §1.3). Three groups in a row
  // without a scored sample do the same and are seen in Find's aggregate (verifiers.md §2).
  virtual bool Quarantined(PromptId prompt) const = 0;
  virtual void ForEach(
      const std::function<void(PromptId, const store::PromptAggregate&)>& visit) const = 0;
  // Folds a group or a skipped offer in, so that later decisions see it.
  virtual void Observe(const store::Outcome& outcome) = 0;
  virtual void OnSkip(const store::Skip& skip) = 0;
};

// Groups in a row without one scored sample that put a prompt into quarantine (verifiers.md §2).
inline constexpr uint32_t kQuarantineAfterUnscored = 3;

// Why a prompt is (not) generated, for `winnow history`.
struct Explanation {
  struct LastSkip {
    uint64_t step = 0;
    uint32_t epoch = 0;
    store::FilterReason reason = store::FilterReason::kRandom;
    double u = 0;
  };
  PromptId prompt;
  std::string_view cls = "unseen";  // of the last known outcome
  int32_t z = 0;
  double p = 1;
  double skip_probability = 0;
  std::optional<LastSkip> last_skip;
  uint32_t next_epoch = 0;  // after the prompt's last offer
  double next_u = 0;
  bool next_keep = true;  // what it would decide at today's p
  store::FilterReason next_reason = store::FilterReason::kUnseen;
  std::array<uint32_t, 4> groups_by_class{};  // at store::OutcomeClass
  std::array<uint32_t, store::kNumFilterReasons> skips_by_reason{};
  std::vector<store::OutcomeClass> last_classes;  // known ones, newest last, at most 8
};

// Decides before generation which offers are worth a rollout, and after it which groups are worth
// an update. One per run, in winnow mode.
// Place:     between prompt source and dispatcher; driven by WaveBuilder.
// Threads:   const members from any thread; Observe, OnStep and Load from one, with no other call.
// Ownership: borrows the PromptState, which outlives it.
// Keyed:     a decision depends on seed, epoch, prompt, its state and p alone (greso.md §2.3).
class PromptFilter {
 public:
  virtual ~PromptFilter() = default;
  virtual std::string_view name() const = 0;
  // False for variants that generate one wave of T a step and train on it as it is.
  virtual bool refills() const = 0;
  // Offers to show for `want` places; streaming filters: want.
  virtual size_t CandidatesFor(size_t want) const = 0;
  // One decision per offer, in order; at most `want` are kept.
  virtual std::vector<Decision> Select(std::span<const Offer> offers, size_t want) const = 0;
  // The test after rollout; reads outcome.cls.
  virtual bool Trainable(const store::Outcome& outcome) const = 0;
  // The only state changes. Shadow groups are measured, never learnt from.
  virtual void Observe(const store::Outcome& outcome) = 0;
  virtual void OnStep(const StepTally& tally) = 0;
  // Run-wide scalars only, versioned; per-prompt state is in store/.
  virtual std::string Save() const = 0;
  virtual Status Load(std::string_view saved) = 0;
  virtual Explanation Explain(PromptId prompt) const = 0;
  virtual Exploration exploration() const { return {}; }
  // Appends what is special to the variant: filter/p_easy and the like.
  virtual void AppendMetrics(MetricList*) const {}
};

}  // namespace winnow::orchestrator
