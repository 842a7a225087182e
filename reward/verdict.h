#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace winnow::reward {

// A named number beside a reward, for metrics and for filters that decide by accuracy.
struct Part {
  std::string name;  // [a-z0-9_.]{1,48}
  double value = 0.0;
  friend bool operator==(const Part&, const Part&) = default;
};
using Parts = std::vector<Part>;

// Rewards that a verifier may give, both ends included. Defaults of verifiers.md §1.
struct RewardRange {
  float min = -10.0f;
  float max = 10.0f;
};

// Who said a verdict, at which attempt, and at which cost.
struct Provenance {
  std::string verifier;
  std::string version;
  uint32_t attempt = 1;
  double wall_s = 0.0;
  double cpu_s = 0.0;
};

inline constexpr size_t kMaxParts = 16;
inline constexpr size_t kMaxReasonBytes = 256;

// What a verifier said of one trajectory (verifiers.md §1). Only a scored verdict has a reward, and
// there is no default reward: a default-constructed verdict is error("no verdict"). Immutable.
class Verdict {
 public:
  Verdict() = default;
  // A NaN, infinite or out-of-range reward, more than kMaxParts parts, a bad part name or a part
  // that is not finite give an Error instead.
  static Verdict Scored(float reward, Parts parts = {}, const RewardRange& range = {});
  static Verdict Invalid(std::string_view reason);
  static Verdict Timeout(std::string_view reason);
  static Verdict Error(std::string_view reason);

  VerdictKind kind() const { return kind_; }
  bool is_scored() const { return kind_ == VerdictKind::kScored; }
  // Neither judged nor a fault of the data: `timeout` or `error`.
  bool is_unknown() const { return kind_ == VerdictKind::kTimeout || kind_ == VerdictKind::kError; }
  // REQUIRES: kind() == kScored.
  float reward() const;
  const Parts& parts() const { return parts_; }
  // The part called `name`, or null.
  const double* FindPart(std::string_view name) const;
  // At most kMaxReasonBytes of UTF-8 with control characters escaped; empty if scored.
  const std::string& reason() const { return reason_; }
  const Provenance& provenance() const { return provenance_; }

  // The same verdict with another provenance.
  Verdict WithProvenance(Provenance provenance) &&;
  // Equal kind, reward, parts and reason; provenance left out.
  bool SameJudgement(const Verdict& other) const;
  // "scored 1 (answered=1)" or "error: no verdict", for logs.
  std::string ToString() const;

 private:
  Verdict(VerdictKind kind, std::string_view reason);

  VerdictKind kind_ = VerdictKind::kError;
  float reward_ = 0.0f;
  Parts parts_;
  std::string reason_ = "no verdict";
  Provenance provenance_;
};

// `text` as a reason: control characters escaped (\n, \t, \x07), invalid UTF-8 replaced by U+FFFD,
// cut at a character border to kMaxReasonBytes.
std::string CleanReason(std::string_view text);

}  // namespace winnow::reward
