#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/status.h"
#include "orchestrator/evaluation.h"
#include "orchestrator/prompt_source.h"
#include "orchestrator/rollout_stage.h"
#include "reward/extract.h"

namespace winnow::orchestrator {

struct EvaluatorOptions {
  uint64_t seed = 1;
  uint32_t num_samples = 1;  // val_kwargs.n
  rollout::GenerationOptions generation;
  reward::ExtractRule extract;  // where answers stand, for the majority vote
  reward::AnswerForm answer_form = reward::AnswerForm::kNumber;
};

// `numeric` reads numbers, `math` formulas, the others the last line.
reward::AnswerForm AnswerFormOf(const std::string& verifier);

// Called with each judged group, in order, for `winnow eval --out` and stored samples.
using OnJudged = std::function<void(const JudgedGroup& group)>;

// Answers every prompt of `source` and judges the responses. The noise is keyed by seed, prompt and
// sample, not by the step, so two versions differ by their weights alone.
Result<EvaluationResult> RunEvaluation(const EvaluatorOptions& options, const PromptSource& source,
                                       const reward::RewardRange& range, PolicyVersion version,
                                       RolloutStage* stage, const OnJudged& on_judged = nullptr);

}  // namespace winnow::orchestrator
