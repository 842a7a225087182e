#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/filter/memory_prompt_state.h"
#include "orchestrator/filter/offer_source.h"
#include "orchestrator/filter/options.h"
#include "orchestrator/filter/planner.h"
#include "orchestrator/filter/wave_builder.h"

namespace winnow::orchestrator {

// Rewards of a group's samples in an epoch, float32; what a policy and a verifier would give.
using World = std::function<std::vector<float>(PromptId, uint32_t epoch)>;

// Prompts 1 to `count`.
std::vector<PromptId> Prompts(uint64_t count);

// A group of scored samples with these rewards.
store::Outcome OutcomeOf(PromptId prompt, const std::vector<float>& rewards);

// Every prompt has a hidden success rate, drifting slowly over epochs; 0/1 rewards, n samples.
// Many prompts are always solved or never.
World DriftingWorld(uint64_t seed, uint32_t n);
// Every group earns these rewards.
World ConstantWorld(std::vector<float> rewards);

// What a run did, in order.
struct RunLog {
  std::vector<Wave> waves;
  std::vector<StepResult> steps;
  std::vector<store::Outcome> outcomes;  // of waves, in order, trained and surplus flags set
  std::vector<PlannerEvent> events;
};

// A run without a model: planner, prompt state and world.
class Simulation {
 public:
  Simulation(const FilterOptions& options, const FilterJob& job, World world, bool shuffle = true);

  // Runs up to `count` steps or to the end of the run; continues where the last call stopped.
  void Run(uint64_t count);
  // A new process: state rebuilt from the committed outcomes and skips, planner from its blob.
  void KillAndResume();

  const FilterSettings& settings() const { return settings_; }
  const RunLog& log() const { return log_; }
  WaveBuilder& planner() { return *planner_; }
  MemoryPromptState& state() { return *state_; }
  uint64_t next_step() const { return next_step_; }

 private:
  void MakePlanner();
  void RunStep();

  const FilterSettings settings_;
  const World world_;
  const KeyedOfferSource source_;
  std::unique_ptr<MemoryPromptState> state_;
  std::unique_ptr<WaveBuilder> planner_;
  RunLog log_;
  std::vector<store::Skip> committed_skips_;
  uint64_t next_step_ = 1;
  uint64_t version_ = 0;
};

// Settings with the midpoint and wave sizes derived. T and N of `job` must be set.
FilterSettings SettingsFor(FilterType type, const FilterJob& job);

}  // namespace winnow::orchestrator
