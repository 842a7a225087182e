#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "reward/interface.h"

namespace winnow::reward {

struct ScorerOptions {
  std::optional<float> min;      // reward.min; default: the verifier's range
  std::optional<float> max;      // reward.max
  double audit_fraction = 0.01;  // share of samples that are scored twice, by a keyed choice
  uint64_t seed = 1;             // run.seed, keys the choice
};

// How many verdicts of each kind a scorer gave.
struct VerdictCounts {
  uint64_t scored = 0, invalid = 0, timeout = 0, error = 0;
  uint64_t deduplicated = 0;  // samples that took the verdict of an equal one
  uint64_t audited = 0, nondeterministic = 0;
  uint64_t of(VerdictKind kind) const;
};

// Scores groups with one verifier and makes every failure a verdict: an exception is an `error` of
// the samples that cannot be scored alone, a reward outside [min, max] is an `error`, a forgotten
// sample stays error("no verdict").
// A deterministic verifier sees equal samples of a call once. An audited sample is scored twice; a
// difference is counted and logged with both verdicts, the first counts.
// Threads: Score from any thread; calls into a verifier that is not thread-safe take turns.
class Scorer {
 public:
  explicit Scorer(std::unique_ptr<Verifier> verifier, const ScorerOptions& options = {});

  // One verdict a sample, in order, provenance set.
  std::vector<Verdict> Score(std::span<const Sample> samples,
                             Deadline deadline = Deadline::Never());

  const Traits& traits() const { return verifier_->traits(); }
  const RewardRange& range() const { return range_; }
  VerdictCounts counts() const;
  VerifierStats stats() const { return verifier_->stats(); }

 private:
  void Ask(std::span<const Sample> samples, Deadline deadline, std::span<Verdict> out);
  void AskBatch(std::span<const Sample> samples, Deadline deadline, std::span<Verdict> out);
  Verdict InRange(Verdict verdict) const;
  void Audit(std::span<const Sample> samples, Deadline deadline, std::span<const Verdict> verdicts);
  bool IsAudited(const Sample& sample) const;

  const std::unique_ptr<Verifier> verifier_;
  const ScorerOptions options_;
  const RewardRange range_;
  std::mutex verifier_mutex_;  // Held around Verify if the verifier is not thread-safe.
  mutable std::mutex counts_mutex_;
  VerdictCounts counts_;  // Guarded by counts_mutex_.
};

}  // namespace winnow::reward
