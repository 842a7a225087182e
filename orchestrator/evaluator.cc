#include "orchestrator/evaluator.h"

#include <algorithm>

namespace winnow::orchestrator {
namespace {

constexpr size_t kPromptsAtOnce = 512;

std::vector<JudgedSample> Judge(const EvaluatorOptions& options, const reward::RewardRange& range,
                                const JudgedGroup& group) {
  const float middle = (range.min + range.max) / 2;
  std::vector<JudgedSample> judged;
  for (const JudgedTrajectory& sample : group.samples) {
    JudgedSample one{.scored = sample.verdict.is_scored()};
    if (one.scored) {
      one.reward = sample.verdict.reward();
      one.correct = sample.verdict.reward() > middle;
    }
    if (const auto text = reward::CutThinking(sample.text, reward::Thinking::kNone)) {
      if (const auto answer = reward::ExtractAnswer(*text, options.extract, options.answer_form)) {
        one.answer = std::string(*answer);
      }
    }
    judged.push_back(std::move(one));
  }
  return judged;
}

}  // namespace

reward::AnswerForm AnswerFormOf(const std::string& verifier) {
  if (verifier == "numeric" || verifier == "countdown") return reward::AnswerForm::kNumber;
  if (verifier == "math") return reward::AnswerForm::kMath;
  return reward::AnswerForm::kLine;
}

Result<EvaluationResult> RunEvaluation(const EvaluatorOptions& options, const PromptSource& source,
                                       const reward::RewardRange& range, PolicyVersion version,
                                       RolloutStage* stage, const OnJudged& on_judged) {
  std::vector<std::vector<JudgedSample>> judged;
  const std::vector<Prompt>& prompts = source.prompts();
  for (size_t begin = 0; begin < prompts.size(); begin += kPromptsAtOnce) {
    std::vector<GroupPlan> plans;
    for (size_t i = begin; i < std::min(begin + kPromptsAtOnce, prompts.size()); ++i) {
      plans.push_back(
          {.prompt = &prompts[i],
           .key = {.seed = options.seed, .prompt = prompts[i].id, .use = NoiseUse::kEval},
           .num_samples = options.num_samples});
    }
    WINNOW_ASSIGN_OR_RETURN(const std::vector<JudgedGroup> groups,
                            stage->Run(plans, options.generation, version));
    for (const JudgedGroup& group : groups) {
      if (on_judged) on_judged(group);
      judged.push_back(Judge(options, range, group));
    }
  }
  return Evaluate(judged, options.num_samples);
}

}  // namespace winnow::orchestrator
