#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "reward/verdict.h"

namespace winnow::reward {

// One trajectory to judge. All views point into memory that outlives the call.
struct Sample {
  PromptId prompt_id;
  uint32_t index = 0;  // within the group
  std::string_view data_source;
  std::string_view prompt;
  std::string_view response;
  std::string_view reference;   // the answer column; empty if the row has none
  std::string_view extra_json;  // all columns of the row as one JSON object, mapped ones included
  uint32_t response_tokens = 0;
  uint32_t longest_path_tokens = 0;  // counts parallel branches once
  FinishReason finish = FinishReason::kStop;
  std::span<const int32_t> response_ids;  // its tokens, where they are known
};

// An absolute instant of the monotonic clock.
class Deadline {
 public:
  static Deadline Never() { return Deadline(std::numeric_limits<double>::infinity()); }
  static Deadline After(double seconds) { return Deadline(MonotonicSeconds() + seconds); }
  double monotonic_seconds() const { return at_; }
  bool IsOver() const { return MonotonicSeconds() >= at_; }

 private:
  explicit Deadline(double at) : at_(at) {}
  double at_;
};

// Where a verifier's code runs.
enum class Isolation : uint8_t {
  kInProcess,  // our own code: built-ins
  kProcess,    // a worker process
  kSandbox,    // model-written code behind namespaces
  kRemote,     // another service
};

// What callers may rely on.
struct Traits {
  std::string name;
  std::string version = "1";
  bool deterministic = true;    // the verdict depends on the sample alone
  bool thread_safe = true;      // Verify may run on several threads at once
  bool needs_reference = true;  // a row without an answer column is refused at load
  uint32_t batch_limit = 1024;  // samples per call
  Isolation isolation = Isolation::kInProcess;
  RewardRange range{0.0f, 1.0f};  // default of reward.min and reward.max
  bool whole_group = false;       // sees all samples of a group in one call, equal ones too
};

// What a verifier has done beside its verdicts, since it was made.
struct VerifierStats {
  uint64_t retries = 0;          // attempts after the first one of a sample
  uint64_t worker_restarts = 0;  // workers that hung, died or broke the protocol
};

// Judges trajectories.
// Threads: see Traits::thread_safe.
// Errors:  per sample, as a verdict. Exceptions may leave Verify; `Scorer` makes verdicts of them.
class Verifier {
 public:
  virtual ~Verifier() = default;
  virtual const Traits& traits() const = 0;
  // Fills out[i] for samples[i]. A forgotten one stays error("no verdict").
  // REQUIRES: out.size() == samples.size().
  virtual void Verify(std::span<const Sample> samples, Deadline deadline,
                      std::span<Verdict> out) = 0;
  virtual VerifierStats stats() const { return {}; }
};

}  // namespace winnow::reward
