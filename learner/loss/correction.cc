#include "learner/loss/correction.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "base/format.h"
#include "learner/loss/aggregate.h"

namespace winnow::learner {
namespace {

constexpr double kLogWeightClamp = 20.0;

double ClampLog(double e) { return std::clamp(e, -kLogWeightClamp, kLogWeightClamp); }

double Kappa(int kind, double e) {
  e = ClampLog(e);
  if (kind == 1) return -e;
  if (kind == 2) return 0.5 * e * e;
  return std::expm1(e) - e;
}

bool Passes(const RejectionCriterion& criterion, double kappa) {
  if (criterion.kind != 1) return kappa <= criterion.upper;
  return kappa >= std::log(criterion.lower) && kappa <= std::log(criterion.upper);
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool ParsePositive(std::string_view text, double* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size() && std::isfinite(*value) &&
         *value > 0;
}

// The κ of a whole sequence [begin, end) over its tokens with m = 1.
double SequenceKappa(const RejectionCriterion& criterion, std::span<const uint8_t> mask,
                     std::span<const double> old_logp, std::span<const double> behaviour_logp,
                     size_t begin, size_t end) {
  double sum = 0, count = 0, largest = 0;
  for (size_t t = begin; t < end; ++t) {
    if (!mask[t]) continue;
    const double kappa = Kappa(criterion.kind, old_logp[t] - behaviour_logp[t]);
    largest = count == 0 ? kappa : std::max(largest, kappa);
    sum += kappa;
    count += 1;
  }
  if (criterion.level == RejectionCriterion::Level::kSequenceMax) return largest;
  if (criterion.level == RejectionCriterion::Level::kSequenceMean)
    return sum / std::max(count, 1.0);
  return sum;
}

// Log weights before any bound, [tokens]; those of masked tokens are not read.
std::vector<double> LogWeights(ImportanceLevel level, std::span<const size_t> offsets,
                               std::span<const uint8_t> mask, std::span<const double> old_logp,
                               std::span<const double> behaviour_logp) {
  std::vector<double> log_weight(mask.size(), 0.0);
  for (size_t i = 0; i + 1 < offsets.size(); ++i) {
    double sum = 0;
    for (size_t t = offsets[i]; t < offsets[i + 1]; ++t) {
      if (!mask[t]) continue;
      log_weight[t] = ClampLog(old_logp[t] - behaviour_logp[t]);
      sum += old_logp[t] - behaviour_logp[t];
    }
    if (level == ImportanceLevel::kToken) continue;
    std::fill(log_weight.begin() + static_cast<ptrdiff_t>(offsets[i]),
              log_weight.begin() + static_cast<ptrdiff_t>(offsets[i + 1]), ClampLog(sum));
  }
  return log_weight;
}

// Means over units: tokens, or the first counted token of each non-empty sequence.
struct UnitSums {
  double units = 0;  // non-empty
  double all_units = 0;
  double sum = 0;
  double high = 0;
  double low = 0;
};

UnitSums SumUnits(const CorrectionOptions& options, std::span<const size_t> offsets,
                  std::span<const uint8_t> mask, const std::vector<double>& log_weight,
                  const std::vector<double>& weight) {
  const bool per_token = options.rollout_is == ImportanceLevel::kToken;
  const double low =
      options.rollout_is_threshold_lower.value_or(1.0 / options.rollout_is_threshold);
  UnitSums sums;
  for (size_t i = 0; i + 1 < offsets.size(); ++i) {
    if (!per_token) sums.all_units += 1;
    for (size_t t = offsets[i]; t < offsets[i + 1]; ++t) {
      if (!mask[t]) continue;
      sums.units += 1;
      if (per_token) sums.all_units += 1;
      sums.sum += weight[t];
      const double unbounded = std::exp(log_weight[t]);
      sums.high += unbounded > options.rollout_is_threshold;
      sums.low += unbounded < low;
      if (!per_token) break;
    }
  }
  return sums;
}

}  // namespace

Result<ImportanceLevel> ParseImportanceLevel(std::string_view name) {
  if (name == "null") return ImportanceLevel::kNone;
  if (name == "token") return ImportanceLevel::kToken;
  if (name == "sequence") return ImportanceLevel::kSequence;
  return InvalidArgument(
      Format("algorithm.rollout_correction.rollout_is must be one of token, sequence, null: \"{}\"",
             name));
}

Status ParseImportanceThreshold(std::string_view text, CorrectionOptions* options) {
  const std::vector<std::string_view> parts = Split(text, '_');
  double lower = 0, upper = 0;
  const bool ok = parts.size() == 1 ? ParsePositive(parts[0], &upper)
                                    : parts.size() == 2 && ParsePositive(parts[0], &lower) &&
                                          ParsePositive(parts[1], &upper) && lower < upper;
  if (!ok) {
    return InvalidArgument(
        Format("algorithm.rollout_correction.rollout_is_threshold must be a positive number, or "
               "lower_upper such as 0.5_5.0: \"{}\"",
               text));
  }
  options->rollout_is_threshold = upper;
  if (parts.size() == 2) options->rollout_is_threshold_lower = lower;
  return OkStatus();
}

Result<std::vector<RejectionCriterion>> ParseRejection(std::string_view criteria,
                                                       std::string_view thresholds) {
  using Level = RejectionCriterion::Level;
  const std::vector<std::string_view> names = Split(criteria, ',');
  const std::vector<std::string_view> bounds = Split(thresholds, ',');
  if (names.size() != bounds.size()) {
    return InvalidArgument(
        Format("algorithm.rollout_correction.rollout_rs_threshold must have one entry per "
               "criterion of rollout_rs, {}: \"{}\"",
               names.size(), thresholds));
  }
  std::vector<RejectionCriterion> parsed;
  for (size_t i = 0; i < names.size(); ++i) {
    RejectionCriterion criterion;
    const std::string_view name = names[i];
    const size_t split = name.rfind("_k");
    const std::string_view level = name.substr(0, split);
    const std::string_view kind =
        split == std::string_view::npos ? std::string_view() : name.substr(split + 2);
    bool ok = kind == "1" || kind == "2" || kind == "3";
    if (ok) criterion.kind = kind[0] - '0';
    if (level == "token") {
      criterion.level = Level::kToken;
    } else if (level == "seq_sum") {
      criterion.level = Level::kSequenceSum;
    } else if (level == "seq_mean") {
      criterion.level = Level::kSequenceMean;
    } else if (level == "seq_max" && kind != "1") {
      criterion.level = Level::kSequenceMax;
    } else {
      ok = false;
    }
    if (!ok) {
      return InvalidArgument(
          Format("algorithm.rollout_correction.rollout_rs must list token_k1..3, seq_sum_k1..3, "
                 "seq_mean_k1..3, seq_max_k2, seq_max_k3: \"{}\"",
                 name));
    }
    const std::vector<std::string_view> bound = Split(bounds[i], '_');
    const bool two = criterion.kind == 1;
    const bool valid = bound.size() == (two ? 2u : 1u) &&
                       (!two || ParsePositive(bound.front(), &criterion.lower)) &&
                       ParsePositive(bound.back(), &criterion.upper) &&
                       criterion.lower < criterion.upper;
    if (!valid) {
      return InvalidArgument(
          Format("algorithm.rollout_correction.rollout_rs_threshold of {} must be {}: \"{}\"", name,
                 two ? "lower_upper, both positive" : "a positive number", bounds[i]));
    }
    parsed.push_back(criterion);
  }
  return parsed;
}

ImportanceWeights ComputeImportanceWeights(const CorrectionOptions& options,
                                           std::span<const size_t> offsets,
                                           std::span<const uint8_t> mask,
                                           std::span<const double> old_logp,
                                           std::span<const double> behaviour_logp) {
  ImportanceWeights result;
  result.weight.assign(mask.size(), 0.0);
  const std::vector<double> log_weight =
      LogWeights(options.rollout_is, offsets, mask, old_logp, behaviour_logp);
  double tokens = 0, sum = 0, squares = 0;
  for (size_t t = 0; t < mask.size(); ++t) {
    if (!mask[t]) continue;
    double weight = std::exp(log_weight[t]);
    if (options.rollout_is_threshold_lower) {
      const bool inside =
          weight >= *options.rollout_is_threshold_lower && weight <= options.rollout_is_threshold;
      if (!inside) weight = 0;
    } else {
      weight = std::min(weight, options.rollout_is_threshold);
    }
    result.weight[t] = weight;
    tokens += 1;
    sum += weight;
    squares += weight * weight;
  }
  const UnitSums units = SumUnits(options, offsets, mask, log_weight, result.weight);
  if (units.units == 0) return result;
  result.mean = sum / tokens;
  result.effective_sample_size =
      squares > 0 ? (sum / tokens) * (sum / tokens) / (squares / tokens) : 0;
  result.fraction_high = units.high / units.all_units;
  result.fraction_low = units.low / units.all_units;
  const double normaliser = units.sum / units.units;
  if (options.rollout_is_batch_normalize && normaliser > 0) {
    for (double& weight : result.weight) weight /= normaliser;
  }
  return result;
}

std::vector<uint8_t> RejectTokens(const CorrectionOptions& options, std::span<const size_t> offsets,
                                  std::span<const uint8_t> mask, std::span<const double> old_logp,
                                  std::span<const double> behaviour_logp) {
  std::vector<uint8_t> kept(mask.begin(), mask.end());
  for (const RejectionCriterion& criterion : options.rollout_rs) {
    for (size_t i = 0; i + 1 < offsets.size(); ++i) {
      const bool per_token = criterion.level == RejectionCriterion::Level::kToken;
      const bool sequence_passes =
          per_token || Passes(criterion, SequenceKappa(criterion, mask, old_logp, behaviour_logp,
                                                       offsets[i], offsets[i + 1]));
      for (size_t t = offsets[i]; t < offsets[i + 1]; ++t) {
        if (!mask[t]) continue;
        const bool passes =
            per_token ? Passes(criterion, Kappa(criterion.kind, old_logp[t] - behaviour_logp[t]))
                      : sequence_passes;
        if (!passes) kept[t] = 0;
      }
    }
  }
  return kept;
}

std::optional<PolicyGap> MeasurePolicyGap(std::span<const size_t> offsets,
                                          std::span<const uint8_t> mask,
                                          std::span<const double> old_logp,
                                          std::span<const double> behaviour_logp) {
  PolicyGap gap;
  double tokens = 0, sequences = 0;
  for (size_t i = 0; i + 1 < offsets.size(); ++i) {
    double count = 0, old_sum = 0, behaviour_sum = 0;
    for (size_t t = offsets[i]; t < offsets[i + 1]; ++t) {
      if (!mask[t]) continue;
      const double e = old_logp[t] - behaviour_logp[t];
      gap.kl -= e;
      gap.chi2_token += std::exp(2 * ClampLog(e));
      old_sum += old_logp[t];
      behaviour_sum += behaviour_logp[t];
      count += 1;
    }
    if (count == 0) continue;
    tokens += count;
    sequences += 1;
    gap.training_ppl += std::exp(-old_sum / count);
    gap.rollout_ppl += std::exp(-behaviour_sum / count);
    gap.log_ppl_diff += (behaviour_sum - old_sum) / count;
    gap.ppl_ratio += std::exp((behaviour_sum - old_sum) / count);
  }
  if (tokens == 0) return std::nullopt;
  gap.kl /= tokens;
  gap.chi2_token = gap.chi2_token / tokens - 1.0;
  gap.training_ppl /= sequences;
  gap.rollout_ppl /= sequences;
  gap.log_ppl_diff /= sequences;
  gap.ppl_ratio /= sequences;
  return gap;
}

}  // namespace winnow::learner
