#include "learner/advantage/group_statistics.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace winnow::learner {
namespace {

GroupStatistics StatisticsOf(const std::vector<double>& rewards, const AdvantageOptions& options) {
  GroupStatistics statistics;
  statistics.count = rewards.size();
  if (rewards.size() == 1) {
    const bool raw = options.single_sample_group == SingleSampleGroup::kRaw;
    statistics.mean = raw ? 0.0 : rewards[0];
    statistics.deviation = 1.0;
    statistics.spread = raw;
    return statistics;
  }
  const double k = static_cast<double>(rewards.size());
  double sum = 0;
  for (double reward : rewards) sum += reward;
  statistics.mean = sum / k;
  double squares = 0;
  for (double reward : rewards) {
    squares += (reward - statistics.mean) * (reward - statistics.mean);
  }
  statistics.deviation = std::sqrt(squares / (k - 1));
  const auto [low, high] = std::minmax_element(rewards.begin(), rewards.end());
  // A reward that is not finite counts as spread: it must reach the check that names it.
  statistics.spread = *high - *low > options.tolerance || !std::isfinite(sum);
  return statistics;
}

}  // namespace

std::vector<GroupStatistics> GroupStatisticsOf(const AdvantageInput& input,
                                               const AdvantageOptions& options) {
  std::unordered_map<size_t, std::vector<double>> rewards;
  for (size_t i = 0; i < input.num_sequences(); ++i) {
    if (input.scored[i]) rewards[input.group[i]].push_back(input.reward[i]);
  }
  std::unordered_map<size_t, GroupStatistics> by_group;
  for (const auto& [group, values] : rewards) by_group[group] = StatisticsOf(values, options);
  std::vector<GroupStatistics> statistics(input.num_sequences());
  for (size_t i = 0; i < input.num_sequences(); ++i) {
    if (input.scored[i]) statistics[i] = by_group[input.group[i]];
  }
  return statistics;
}

std::vector<double> SpreadOverTokens(const AdvantageInput& input,
                                     const std::vector<double>& advantage) {
  std::vector<double> tokens(input.mask.size(), 0.0);
  for (size_t i = 0; i < input.num_sequences(); ++i) {
    if (!input.scored[i]) continue;
    for (size_t t = input.offsets[i]; t < input.offsets[i + 1]; ++t) {
      if (input.mask[t]) tokens[t] = advantage[i];
    }
  }
  return tokens;
}

}  // namespace winnow::learner
