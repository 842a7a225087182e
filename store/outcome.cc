#include "store/outcome.h"

#include <algorithm>
#include <limits>

namespace winnow::store {

std::string_view OutcomeClassName(OutcomeClass cls) {
  switch (cls) {
    case OutcomeClass::kUnknown:
      return "unknown";
    case OutcomeClass::kEffective:
      return "effective";
    case OutcomeClass::kEasy:
      return "easy";
    case OutcomeClass::kHard:
      return "hard";
  }
  return "unknown";
}

std::string_view FilterReasonName(FilterReason reason) {
  switch (reason) {
    case FilterReason::kUnseen:
      return "unseen";
    case FilterReason::kEffective:
      return "effective";
    case FilterReason::kExplore:
      return "explore";
    case FilterReason::kNoFilter:
      return "no_filter";
    case FilterReason::kEasy:
      return "easy";
    case FilterReason::kHard:
      return "hard";
    case FilterReason::kRandom:
      return "random";
    case FilterReason::kRankedOut:
      return "ranked_out";
    case FilterReason::kQuarantined:
      return "quarantined";
  }
  return "unknown";
}

uint32_t NumScored(const Outcome& outcome) {
  uint32_t scored = 0;
  for (const SampleOutcome& sample : outcome.samples) {
    scored += sample.kind == VerdictKind::kScored ? 1 : 0;
  }
  return scored;
}

OutcomeClass Classify(const ClassifyRule& rule, const Outcome& outcome) {
  float lowest = std::numeric_limits<float>::infinity();
  float highest = -std::numeric_limits<float>::infinity();
  double sum = 0;
  uint32_t k = 0;
  for (const SampleOutcome& sample : outcome.samples) {
    if (sample.kind != VerdictKind::kScored) continue;
    lowest = std::min(lowest, sample.metric);
    highest = std::max(highest, sample.metric);
    sum += static_cast<double>(sample.metric);
    ++k;
  }
  if (k == 0) return OutcomeClass::kUnknown;
  const double spread = static_cast<double>(highest) - static_cast<double>(lowest);
  if (spread > rule.tolerance) return OutcomeClass::kEffective;  // so k >= 2
  if (k < outcome.samples.size() || k < rule.n) return OutcomeClass::kUnknown;
  return sum / k > rule.midpoint ? OutcomeClass::kEasy : OutcomeClass::kHard;
}

int32_t NextStreak(int32_t streak, OutcomeClass cls) {
  switch (cls) {
    case OutcomeClass::kUnknown:
      return streak;
    case OutcomeClass::kEffective:
      return 0;
    case OutcomeClass::kEasy:
      return streak > 0 ? std::min(streak + 1, kMaxStreak) : 1;
    case OutcomeClass::kHard:
      return streak < 0 ? std::max(streak - 1, -kMaxStreak) : -1;
  }
  return streak;
}

}  // namespace winnow::store
