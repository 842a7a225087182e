#pragma once

#include <map>
#include <string>
#include <vector>

#include "orchestrator/metrics/metric_list.h"
#include "reward/interface.h"

namespace winnow::orchestrator {

// The numbers of a step about its verdicts (verifiers.md §9): reward/{mean,std,min,max} over the
// scored ones, reward/part/NAME over those that have the part, shares of the kinds, times of single
// verdicts, and what the verifier did beside. Threads: one at a time.
class RewardMetrics {
 public:
  void Add(const reward::Verdict& verdict);
  // Of all verdicts since the last Take; `stats` counts from the start of the run.
  MetricList Take(const reward::VerifierStats& stats);

 private:
  struct Mean {
    double sum = 0;
    size_t count = 0;
  };
  std::vector<double> rewards_;
  std::vector<double> times_ms_;
  std::map<std::string, Mean> parts_;
  std::map<VerdictKind, size_t> kinds_;
  reward::VerifierStats taken_;
};

}  // namespace winnow::orchestrator
