#pragma once

#include <cstdint>

#include "base/status.h"
#include "cli/config/config.h"
#include "cli/model_session.h"
#include "learner/sft.h"
#include "learner/update.h"
#include "model/policy.h"
#include "orchestrator/evaluator.h"
#include "orchestrator/filter/options.h"
#include "orchestrator/prompt_source.h"
#include "orchestrator/trainer.h"
#include "reward/scorer.h"
#include "rollout/engine.h"

namespace winnow::cli {

// A checked job as the options of each part. All are pure functions of the config; keys have been
// checked by LoadConfig, so a value that cannot be read here is our bug, but for texts that only
// the part itself can judge (a Result).
ModelSessionOptions ModelOptionsOf(const Config& config);
orchestrator::PromptSourceOptions TrainDataOf(const Config& config, bool needs_reference);
orchestrator::PromptSourceOptions ValDataOf(const Config& config, bool needs_reference);
rollout::EngineOptions EngineOptionsOf(const Config& config);
rollout::GenerationOptions TrainGenerationOf(const Config& config);
Result<orchestrator::EvaluatorOptions> EvaluatorOptionsOf(const Config& config);
orchestrator::FilterOptions FilterOptionsOf(const Config& config);
model::TrainOptions TrainPassOf(const Config& config);
Result<learner::LearnerOptions> LearnerOptionsOf(const Config& config);
learner::SupervisedOptions SupervisedOptionsOf(const Config& config);
Result<orchestrator::TrainerOptions> TrainerOptionsOf(const Config& config);
Result<std::unique_ptr<reward::Scorer>> MakeScorer(const Config& config);

}  // namespace winnow::cli
