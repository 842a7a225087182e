#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace winnow::orchestrator {

// One judged response. `scored` is false for timeout, error and invalid verdicts: such a sample is
// in no mean, it is only counted.
struct JudgedSample {
  bool scored = false;
  bool correct = false;  // its reward lies above the middle of the reward range
  double reward = 0;
  std::string answer;  // extracted answer, for the majority vote; empty = none
};

struct EvaluationResult {
  size_t count = 0;  // prompts
  size_t samples = 0;
  size_t unknown = 0;                 // samples without a reward
  std::optional<double> accuracy;     // mean over prompts of the share of correct scored samples
  std::optional<double> reward_mean;  // over scored samples
  // pass@k = mean over prompts of 1 − C(n−c, k)/C(n, k)                 (arXiv:2107.03374, eq. 1),
  // n = scored samples of the prompt, c = correct ones; k = 1, 2, 4, … and n.
  std::map<size_t, double> pass_at_k;
  // maj@k: share of prompts whose most frequent answer among the first k scored samples is correct;
  // ties go to the answer that came first; samples without an answer do not vote.
  std::map<size_t, double> maj_at_k;
};

// Pure. `num_samples` is the n that was asked for: it bounds k.
EvaluationResult Evaluate(std::span<const std::vector<JudgedSample>> prompts, size_t num_samples);

}  // namespace winnow::orchestrator
