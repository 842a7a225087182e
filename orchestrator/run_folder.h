#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/digest.h"
#include "base/file.h"
#include "base/status.h"

namespace winnow::orchestrator {

// A run's folder and its lock.
//   lock                  held while a process works on the run
//   config.resolved.yaml  the job with every default filled in
//   metrics.jsonl         one line a step, and one an evaluation
//   events.out.tfevents.* TensorBoard
//   history/ events.log   the reward history and its high-water mark (store/)
//   checkpoints/          training checkpoints (learner/checkpoint.h)
//   rollouts/             sampled trajectories, one file a step
//   export/               the trained model in Hugging Face layout
//   summary.json          written at the end
class RunFolder {
 public:
  // Creates the folder if it is missing and takes its lock. kFailedPrecondition
  // "run.dir is in use by another process: PATH" if it is held.
  static Result<RunFolder> Open(const std::string& path);

  const std::string& path() const { return path_; }
  std::string resolved_config() const { return path_ + "/config.resolved.yaml"; }
  std::string metrics() const { return path_ + "/metrics.jsonl"; }
  std::string history() const { return path_ + "/history"; }
  std::string events_log() const { return path_ + "/events.log"; }
  std::string checkpoints() const { return path_ + "/checkpoints"; }
  std::string rollouts() const { return path_ + "/rollouts"; }
  std::string exported() const { return path_ + "/export"; }
  std::string summary() const { return path_ + "/summary.json"; }

 private:
  RunFolder(std::string path, FileLock lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  std::string path_;
  FileLock lock_;
};

// What a run came to, over all its resumes.
struct RunSummary {
  uint64_t steps = 0;
  uint64_t policy_version = 0;
  Digest final_weights_digest;
  Digest history_digest;
  uint64_t rollouts = 0;                  // responses generated for training
  uint64_t prompts_skipped = 0;           // by the filter, before generation
  std::optional<double> accuracy_before;  // over val_files at version 0
  std::optional<double> accuracy_after;   // at the last version
  double wall_seconds = 0;
  double max_logp_mismatch = 0;  // max |rollout log-prob − learner log-prob|
};

// One JSON object, keys in the order above.
std::string SummaryJson(const RunSummary& summary);

}  // namespace winnow::orchestrator
