#include "cli/verify/report.h"

#include <algorithm>
#include <map>

#include "base/check.h"
#include "base/format.h"

namespace winnow::cli {
namespace {

constexpr size_t kBins = 10;
constexpr size_t kBarWidth = 40;

// Nearest-rank percentile of sorted values.
double Percentile(const std::vector<double>& sorted, double share) {
  const auto rank = static_cast<size_t>(share * static_cast<double>(sorted.size()));
  return sorted[std::min(rank, sorted.size() - 1)];
}

std::string Bar(size_t count, size_t most) {
  return std::string((count * kBarWidth + most - 1) / most, '#');
}

// One line a reward if there are few, else kBins equal bins from the least to the greatest.
std::string Histogram(const std::vector<reward::Verdict>& verdicts) {
  std::map<float, size_t> counts;
  for (const reward::Verdict& verdict : verdicts) {
    if (verdict.is_scored()) ++counts[verdict.reward()];
  }
  if (counts.empty()) return "";
  std::vector<std::pair<std::string, size_t>> lines;
  if (counts.size() <= kBins) {
    for (const auto& [reward, count] : counts)
      lines.emplace_back(Format("{:>10.4g}", reward), count);
  } else {
    const double low = counts.begin()->first, width = (counts.rbegin()->first - low) / kBins;
    std::vector<size_t> bins(kBins);
    for (const auto& [reward, count] : counts) {
      bins[std::min(static_cast<size_t>((reward - low) / width), kBins - 1)] += count;
    }
    for (size_t i = 0; i < kBins; ++i) {
      lines.emplace_back(Format("{:>10.4g}", low + width * static_cast<double>(i)), bins[i]);
    }
  }
  size_t most = 1;
  for (const auto& [label, count] : lines) most = std::max(most, count);
  std::string text = "    reward   count\n";
  for (const auto& [label, count] : lines) {
    text += Format("{} {:>7}  {}\n", label, count, Bar(count, most));
  }
  return text;
}

}  // namespace

Json VerdictJson(const reward::Verdict& verdict) {
  Json json = {{"kind", VerdictKindName(verdict.kind())}};
  if (verdict.is_scored()) json["reward"] = verdict.reward();
  json["parts"] = Json::object();
  for (const reward::Part& part : verdict.parts()) json["parts"][part.name] = part.value;
  json["reason"] = verdict.reason();
  json["ms"] = verdict.provenance().wall_s * 1e3;
  return json;
}

VerifyTotals TotalsOf(const std::vector<VerifyRow>& rows,
                      const std::vector<reward::Verdict>& verdicts) {
  WINNOW_CHECK_EQ(rows.size(), verdicts.size());
  VerifyTotals totals{.count = rows.size()};
  std::vector<double> times;
  for (size_t i = 0; i < rows.size(); ++i) {
    const reward::Verdict& verdict = verdicts[i];
    totals.scored += verdict.is_scored() ? 1 : 0;
    totals.invalid += verdict.kind() == VerdictKind::kInvalid ? 1 : 0;
    totals.timeout += verdict.kind() == VerdictKind::kTimeout ? 1 : 0;
    totals.error += verdict.kind() == VerdictKind::kError ? 1 : 0;
    if (verdict.is_scored()) totals.reward_sum += verdict.reward();
    times.push_back(verdict.provenance().wall_s * 1e3);
    if (!rows[i].expected.has_value()) continue;
    ++totals.expected;
    totals.as_expected += IsAsExpected(verdict, *rows[i].expected) ? 1 : 0;
  }
  if (times.empty()) return totals;
  std::sort(times.begin(), times.end());
  totals.p50_ms = Percentile(times, 0.50);
  totals.p99_ms = Percentile(times, 0.99);
  return totals;
}

std::string SummaryLine(const VerifyTotals& totals) {
  std::string text =
      Format("{} verdicts: {} scored, {} invalid, {} timeout, {} error", totals.count,
             totals.scored, totals.invalid, totals.timeout, totals.error);
  if (totals.scored > 0) {
    text += Format("; mean reward {:.4g}", totals.reward_sum / static_cast<double>(totals.scored));
  }
  if (totals.expected > 0) {
    text += Format("; {} of {} as expected", totals.as_expected, totals.expected);
  }
  return text;
}

std::string TablesText(const VerifyTotals& totals, const std::vector<reward::Verdict>& verdicts) {
  std::string text;
  for (const auto& [name, count] : {std::pair("scored", totals.scored),
                                    {"invalid", totals.invalid},
                                    {"timeout", totals.timeout},
                                    {"error", totals.error}}) {
    text += Format("{:<8} {:>7}  {:5.1f} %\n", name, count,
                   100.0 * static_cast<double>(count) / static_cast<double>(totals.count));
  }
  text += Histogram(verdicts);
  return text + Format("time     p50 {:.4g} ms, p99 {:.4g} ms\n", totals.p50_ms, totals.p99_ms);
}

std::string DisagreementsText(const std::vector<VerifyRow>& rows,
                              const std::vector<reward::Verdict>& verdicts) {
  std::string text;
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto& expected = rows[i].expected;
    if (expected.has_value() && !IsAsExpected(verdicts[i], *expected)) {
      text += Format("{}: expected {}, got {}\n", rows[i].origin, ExpectedText(*expected),
                     verdicts[i].ToString());
    } else if (!expected.has_value() && !verdicts[i].is_scored()) {
      text += Format("{}: {}\n", rows[i].origin, verdicts[i].ToString());
    }
  }
  return text;
}

}  // namespace winnow::cli
