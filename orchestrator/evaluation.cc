#include "orchestrator/evaluation.h"

#include <algorithm>

namespace winnow::orchestrator {
namespace {

std::vector<size_t> CountsUpTo(size_t n) {
  std::vector<size_t> counts;
  for (size_t k = 1; k < n; k *= 2) counts.push_back(k);
  counts.push_back(n);
  return counts;
}

// 1 − C(n−c, k)/C(n, k) as a product, which neither overflows nor cancels.
double PassAtK(size_t n, size_t c, size_t k) {
  if (n - c < k) return 1.0;
  double miss = 1.0;
  for (size_t i = n - c + 1; i <= n; ++i) {
    miss *= 1.0 - static_cast<double>(k) / static_cast<double>(i);
  }
  return 1.0 - miss;
}

bool MajorityIsCorrect(std::span<const JudgedSample> samples) {
  struct Votes {
    size_t count = 0;
    const JudgedSample* first = nullptr;
  };
  std::map<std::string, Votes> votes;
  for (const JudgedSample& sample : samples) {
    if (sample.answer.empty()) continue;
    Votes& entry = votes[sample.answer];
    if (entry.count++ == 0) entry.first = &sample;
  }
  const Votes* best = nullptr;
  for (const auto& [answer, entry] : votes) {
    if (best == nullptr || entry.count > best->count ||
        (entry.count == best->count && entry.first < best->first)) {
      best = &entry;
    }
  }
  return best != nullptr && best->first->correct;
}

}  // namespace

EvaluationResult Evaluate(std::span<const std::vector<JudgedSample>> prompts, size_t num_samples) {
  EvaluationResult result;
  result.count = prompts.size();
  double accuracy = 0;
  double reward = 0;
  size_t scored_prompts = 0;
  size_t scored_samples = 0;
  std::vector<std::vector<JudgedSample>> scored(prompts.size());
  for (size_t p = 0; p < prompts.size(); ++p) {
    result.samples += prompts[p].size();
    size_t correct = 0;
    for (const JudgedSample& sample : prompts[p]) {
      if (!sample.scored) continue;
      scored[p].push_back(sample);
      correct += sample.correct ? 1 : 0;
      reward += sample.reward;
    }
    result.unknown += prompts[p].size() - scored[p].size();
    scored_samples += scored[p].size();
    if (scored[p].empty()) continue;
    ++scored_prompts;
    accuracy += static_cast<double>(correct) / static_cast<double>(scored[p].size());
  }
  if (scored_prompts == 0) return result;
  result.accuracy = accuracy / static_cast<double>(scored_prompts);
  result.reward_mean = reward / static_cast<double>(scored_samples);
  for (const size_t k : CountsUpTo(num_samples)) {
    double pass = 0;
    double majority = 0;
    size_t judged = 0;
    for (const std::vector<JudgedSample>& samples : scored) {
      if (samples.size() < k) continue;
      ++judged;
      const auto correct = static_cast<size_t>(std::count_if(
          samples.begin(), samples.end(), [](const JudgedSample& s) { return s.correct; }));
      pass += PassAtK(samples.size(), correct, k);
      majority += MajorityIsCorrect(std::span(samples).first(k)) ? 1 : 0;
    }
    if (judged == 0) continue;
    result.pass_at_k[k] = pass / static_cast<double>(judged);
    result.maj_at_k[k] = majority / static_cast<double>(judged);
  }
  return result;
}

}  // namespace winnow::orchestrator
