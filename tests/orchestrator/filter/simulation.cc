#include "tests/orchestrator/filter/simulation.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/check.h"
#include "base/philox.h"
#include "orchestrator/filter/registry.h"

namespace winnow::orchestrator {

std::vector<PromptId> Prompts(uint64_t count) {
  std::vector<PromptId> prompts;
  for (uint64_t i = 1; i <= count; ++i) prompts.push_back(PromptId(i));
  return prompts;
}

store::Outcome OutcomeOf(PromptId prompt, const std::vector<float>& rewards) {
  store::Outcome outcome;
  outcome.prompt = prompt;
  for (const float reward : rewards) {
    outcome.samples.push_back({.kind = VerdictKind::kScored,
                               .finish = FinishReason::kStop,
                               .length = 10,
                               .reward = reward,
                               .metric = reward});
  }
  return outcome;
}

World DriftingWorld(uint64_t seed, uint32_t n) {
  return [seed, n](PromptId prompt, uint32_t epoch) {
    // From -0.5 to 1.5, so that a quarter is hopeless and a quarter solved; 0.05 better an epoch.
    const double rate =
        2 * FilterUniform(seed, prompt, /*epoch=*/0, /*d=*/100) - 0.5 + 0.05 * epoch;
    std::vector<float> rewards;
    for (uint32_t i = 0; i < n; ++i) {
      rewards.push_back(FilterUniform(seed, prompt, epoch, 200 + i) < rate ? 1.0f : 0.0f);
    }
    return rewards;
  };
}

World ConstantWorld(std::vector<float> rewards) {
  return [rewards = std::move(rewards)](PromptId, uint32_t) { return rewards; };
}

FilterSettings SettingsFor(FilterType type, const FilterJob& job) {
  FilterOptions options;
  options.type = type;
  return ResolveFilter(options, job);
}

Simulation::Simulation(const FilterOptions& options, const FilterJob& job, World world,
                       bool shuffle)
    : settings_(ResolveFilter(options, job)),
      world_(std::move(world)),
      source_(Prompts(job.num_prompts), job.seed, shuffle, job.total_epochs),
      state_(std::make_unique<MemoryPromptState>(settings_.mopps_prior())) {
  MakePlanner();
}

void Simulation::MakePlanner() {
  planner_ = std::make_unique<WaveBuilder>(settings_, MakeFilter(settings_, state_.get()).value(),
                                           state_.get(), &source_);
}

void Simulation::Run(uint64_t count) {
  for (uint64_t i = 0; i < count && !planner_->ended(); ++i) RunStep();
}

void Simulation::RunStep() {
  planner_->BeginStep(next_step_, PolicyVersion(version_));
  const size_t first_outcome = log_.outcomes.size();
  const auto collect = [&] {
    for (PlannerEvent& event : planner_->TakeEvents()) log_.events.push_back(std::move(event));
  };
  while (true) {
    const std::optional<Wave> wave = planner_->NextWave().value();
    if (!wave.has_value()) break;
    std::vector<store::Outcome> outcomes;
    for (const PlannedGroup& group : wave->groups) {
      outcomes.push_back(OutcomeOf(group.prompt, world_(group.prompt, group.epoch)));
      outcomes.back().version_min = outcomes.back().version_max = PolicyVersion(version_);
    }
    WINNOW_CHECK(planner_->OnOutcomes(outcomes).ok());
    log_.waves.push_back(*wave);
    log_.outcomes.insert(log_.outcomes.end(), outcomes.begin(), outcomes.end());
    collect();
  }
  StepResult result = planner_->FinishStep().value();
  collect();
  const std::set<GroupKey> trained(result.batch.begin(), result.batch.end());
  const std::set<GroupKey> surplus(result.surplus.begin(), result.surplus.end());
  for (size_t i = first_outcome; i < log_.outcomes.size(); ++i) {
    store::Outcome& outcome = log_.outcomes[i];
    const GroupKey key{outcome.step, outcome.prompt, outcome.occurrence};
    outcome.trained = trained.contains(key);
    outcome.surplus = surplus.contains(key);
  }
  committed_skips_.insert(committed_skips_.end(), result.skips.begin(), result.skips.end());
  if (!result.batch.empty()) ++version_;
  ++next_step_;
  log_.steps.push_back(std::move(result));
}

void Simulation::KillAndResume() {
  const std::string saved = planner_->Save();
  planner_.reset();
  state_ = std::make_unique<MemoryPromptState>(settings_.mopps_prior());
  for (const store::Outcome& outcome : log_.outcomes) state_->Observe(outcome);
  for (const store::Skip& skip : committed_skips_) state_->OnSkip(skip);
  MakePlanner();
  std::vector<std::string> notes;
  const Status status = planner_->Load(saved, &notes);
  if (!status.ok()) CheckFailed(__FILE__, __LINE__, "Load", status.ToString());
  WINNOW_CHECK(notes.empty());
  WINNOW_CHECK(planner_->Save() == saved);
}

}  // namespace winnow::orchestrator
