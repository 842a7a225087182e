#pragma once

#include <string>
#include <vector>

#include "cli/json_lines.h"
#include "cli/verify/rows.h"

namespace winnow::cli {

// `{"kind", "reward"?, "parts", "reason", "ms"}` of one verdict.
Json VerdictJson(const reward::Verdict& verdict);

// What the verdicts of a file come to.
struct VerifyTotals {
  size_t count = 0, scored = 0, invalid = 0, timeout = 0, error = 0;
  size_t expected = 0, as_expected = 0;
  double reward_sum = 0;
  double p50_ms = 0, p99_ms = 0;
};
// REQUIRES: verdicts.size() == rows.size().
VerifyTotals TotalsOf(const std::vector<VerifyRow>& rows,
                      const std::vector<reward::Verdict>& verdicts);

// "612 verdicts: 612 scored, …; 500 of 612 as expected": one line for stderr.
std::string SummaryLine(const VerifyTotals& totals);
// Kinds, rewards and times as tables.
std::string TablesText(const VerifyTotals& totals, const std::vector<reward::Verdict>& verdicts);
// A line for each verdict that is not as expected, and for each failure.
std::string DisagreementsText(const std::vector<VerifyRow>& rows,
                              const std::vector<reward::Verdict>& verdicts);

}  // namespace winnow::cli
