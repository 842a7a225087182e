#include "orchestrator/reward_metrics.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/format.h"

namespace winnow::orchestrator {
namespace {

// Nearest-rank percentile; no value for an empty list.
std::optional<double> Percentile(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return std::nullopt;
  const auto rank = static_cast<size_t>(share * static_cast<double>(sorted.size()));
  return sorted[std::min(rank, sorted.size() - 1)];
}

}  // namespace

void RewardMetrics::Add(const reward::Verdict& verdict) {
  ++kinds_[verdict.kind()];
  times_ms_.push_back(verdict.provenance().wall_s * 1e3);
  if (!verdict.is_scored()) return;
  rewards_.push_back(verdict.reward());
  for (const reward::Part& part : verdict.parts()) {
    Mean& mean = parts_[part.name];
    mean.sum += part.value;
    ++mean.count;
  }
}

MetricList RewardMetrics::Take(const reward::VerifierStats& stats) {
  MetricList list;
  const auto count = static_cast<double>(rewards_.size());
  double sum = 0, squares = 0;
  for (const double reward : rewards_) sum += reward;
  for (const double reward : rewards_) squares += (reward - sum / count) * (reward - sum / count);
  const bool any = !rewards_.empty();
  const auto [least, most] = std::minmax_element(rewards_.begin(), rewards_.end());
  AddRatio("reward/mean", sum, count, &list);
  list.push_back({"reward/std", any ? std::optional(std::sqrt(squares / count)) : std::nullopt});
  list.push_back({"reward/min", any ? std::optional(*least) : std::nullopt});
  list.push_back({"reward/max", any ? std::optional(*most) : std::nullopt});
  for (const auto& [name, mean] : parts_) {
    AddRatio("reward/part/" + name, mean.sum, static_cast<double>(mean.count), &list);
  }
  for (const VerdictKind kind :
       {VerdictKind::kScored, VerdictKind::kInvalid, VerdictKind::kTimeout, VerdictKind::kError}) {
    AddRatio(Format("reward/{}_frac", VerdictKindName(kind)), static_cast<double>(kinds_[kind]),
             static_cast<double>(times_ms_.size()), &list);
  }
  std::sort(times_ms_.begin(), times_ms_.end());
  for (const auto& [name, share] : {std::pair("p50", 0.50), {"p95", 0.95}, {"p99", 0.99}}) {
    list.push_back({Format("reward/time_ms/{}", name), Percentile(times_ms_, share)});
  }
  list.push_back({"reward/retries", static_cast<double>(stats.retries - taken_.retries)});
  list.push_back({"reward/worker_restarts",
                  static_cast<double>(stats.worker_restarts - taken_.worker_restarts)});
  *this = RewardMetrics();
  taken_ = stats;
  return list;
}

}  // namespace winnow::orchestrator
