#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace winnow::learner {

// Off-policy correction (learner.md §5): weights w from the behaviour law to x_old, and rejection.
enum class ImportanceLevel { kNone, kToken, kSequence };

// One criterion of rollout_rs. κ1 = −e must lie in [log lower, log upper]; κ2 = e²/2 and
// κ3 = expm1(e) − e must be ≤ upper.  e = clamp(x_old − x_beh, ±20).
struct RejectionCriterion {
  enum class Level { kToken, kSequenceSum, kSequenceMean, kSequenceMax };
  Level level = Level::kToken;
  int kind = 1;      // 1, 2 or 3
  double lower = 0;  // κ1 only
  double upper = 0;
};

// algorithm.rollout_correction.*
struct CorrectionOptions {
  ImportanceLevel rollout_is = ImportanceLevel::kNone;
  double rollout_is_threshold = 2.0;                 // C
  std::optional<double> rollout_is_threshold_lower;  // set: w outside [lower, C] is 0 (IcePop)
  bool rollout_is_batch_normalize = false;
  std::vector<RejectionCriterion> rollout_rs;  // all must pass
  bool bypass_mode = false;                    // x_old := x_beh, nothing to correct

  bool active() const {
    return !bypass_mode && (rollout_is != ImportanceLevel::kNone || !rollout_rs.empty());
  }
};

// Reads rollout_is: `token`, `sequence`, or `null` for none.
Result<ImportanceLevel> ParseImportanceLevel(std::string_view name);
// Reads rollout_is_threshold: `2.0`, or `0.5_5.0` for both bounds.
Status ParseImportanceThreshold(std::string_view text, CorrectionOptions* options);
// Reads the comma lists rollout_rs (`token_k1,seq_mean_k3`) and rollout_rs_threshold
// (`0.5_2.0,0.2`, in the same order; `lower_upper` for k1). Errors: kInvalidArgument naming the
// key.
Result<std::vector<RejectionCriterion>> ParseRejection(std::string_view criteria,
                                                       std::string_view thresholds);

// Importance weights of one training batch. Flat tokens as in LossTokens.
struct ImportanceWeights {
  std::vector<double> weight;        // [tokens] w, constant for the gradient; 0 where m = 0
  double mean = 0;                   // of w before normalisation, over tokens
  double effective_sample_size = 0;  // mean(w)²/mean(w²) over tokens
  double fraction_high = 0;          // unbounded weights above C: of tokens, or of all sequences
  double fraction_low = 0;           // below the lower bound, else below 1/C
};
// w = min(exp(clamp(e, ±20)), C) per token, or with Σ_t m e for all tokens of a sequence; with a
// lower bound 0 outside [lower, C]. Batch normalisation divides by the mean weight over tokens, or
// over non-empty sequences, unless it is 0.
ImportanceWeights ComputeImportanceWeights(const CorrectionOptions& options,
                                           std::span<const size_t> offsets,
                                           std::span<const uint8_t> mask,
                                           std::span<const double> old_logp,
                                           std::span<const double> behaviour_logp);

// m after rejection [tokens]; rejected tokens leave N and S.
std::vector<uint8_t> RejectTokens(const CorrectionOptions& options, std::span<const size_t> offsets,
                                  std::span<const uint8_t> mask, std::span<const double> old_logp,
                                  std::span<const double> behaviour_logp);

// How far the behaviour law is from x_old, over tokens and (perplexities) non-empty sequences.
struct PolicyGap {
  double kl = 0;            // mean of −e
  double training_ppl = 0;  // mean over sequences of exp(−mean x_old)
  double rollout_ppl = 0;   // mean over sequences of exp(−mean x_beh)
  double log_ppl_diff = 0;  // mean over sequences of (mean x_beh − mean x_old)
  double ppl_ratio = 0;     // mean over sequences of exp of that difference
  double chi2_token = 0;    // mean of exp(2 clamp(e, ±20)) − 1
};
// Null if no token counts.
std::optional<PolicyGap> MeasurePolicyGap(std::span<const size_t> offsets,
                                          std::span<const uint8_t> mask,
                                          std::span<const double> old_logp,
                                          std::span<const double> behaviour_logp);

}  // namespace winnow::learner
