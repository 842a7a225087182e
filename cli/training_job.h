#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "cli/config/config.h"
#include "cli/model_session.h"
#include "learner/checkpoint.h"
#include "learner/update.h"
#include "orchestrator/filter/memory_prompt_state.h"
#include "orchestrator/filter/offer_source.h"
#include "orchestrator/filter/options.h"
#include "orchestrator/filter/planner.h"
#include "orchestrator/prompt_source.h"
#include "orchestrator/rollout_stage.h"
#include "orchestrator/run_folder.h"
#include "orchestrator/run_state.h"
#include "reward/scorer.h"
#include "rollout/engine.h"
#include "store/reward_history.h"

namespace winnow::cli {

// Everything of a job that can be made without touching the run folder: what --dry-run checks.
struct JobInputs {
  Config config;  // derived values filled in: dtype, reward range
  std::unique_ptr<model::Tokenizer> tokenizer;
  std::unique_ptr<model::Chat> chat;
  model::ModelConfig model_config;
  std::unique_ptr<reward::Scorer> scorer;
  std::unique_ptr<orchestrator::PromptSource> train;
  std::unique_ptr<orchestrator::PromptSource> val;  // null without val_files
  orchestrator::FilterSettings filter;
  bool needs_reference = false;  // a reference policy, for a KL
};

// Reads data, tokenizer, verifier and the model's config, and makes all checks that need them.
// `max_rows` bounds the rows parsed (--dry-run); -1 = all.
Result<JobInputs> OpenInputs(Config config, int64_t max_rows);

// What follows from the file, printed before the first step (config.md §4).
std::string DerivedNumbers(const JobInputs& inputs);

// The parts of a run, in the order in which they must live.
struct RunParts {
  ModelSession session;
  std::unique_ptr<model::Policy<float>> reference;
  std::unique_ptr<rollout::Engine> engine;
  std::unique_ptr<learner::Learner<float>> learner;
  std::unique_ptr<orchestrator::KeyedOfferSource> offers;
  std::unique_ptr<orchestrator::MemoryPromptState> prompt_state;
  std::unique_ptr<orchestrator::RolloutPlanner> planner;
  std::unique_ptr<orchestrator::RolloutStage> stage;
  std::unique_ptr<store::RewardHistory> history;
};

// A checkpoint to go on from.
struct ResumePoint {
  learner::FoundCheckpoint checkpoint;
  orchestrator::RunState state;
};

// Loads model and history; with `checkpoint`, brings both to its step.
Result<RunParts> OpenParts(const JobInputs& inputs, const orchestrator::RunFolder& folder,
                           const std::optional<ResumePoint>& resume);

}  // namespace winnow::cli
