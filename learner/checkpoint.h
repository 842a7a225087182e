#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace winnow::learner {

// Training checkpoints (reliability.md §4). A folder of checkpoints:
//
//   LATEST                        name of the newest checkpoint; a hint for people only
//   step_00001200/
//     parameters.safetensors      trained tensors, f32, in name order
//     moments.safetensors         first_moment.NAME and second_moment.NAME, f32
//     state.json                  the caller's: config, cursor, filter, learner state, …
//     history/                    the reward history's own files
//     MANIFEST.json               step, versions, and path, bytes, digest of every file above
//   step_00001300.tmp-0/          being filled; never read
//   .trash-step_00000900/         being deleted; never read
//   abandoned-step_00001400/      of a run that was resumed at an earlier step; never read
//
// Order of a write: every part into the temporary folder and synced; MANIFEST.json by rename;
// the folder by rename, which is the one act that commits; LATEST; retention. A folder without a
// valid manifest is no checkpoint, whatever else is in it.

// A tensor to write, or to be read into: a slice of a flat buffer.
struct CheckpointTensor {
  std::string name;
  std::vector<uint64_t> shape;
  std::span<float> values;
};

// What MANIFEST.json says beside its list of files.
struct CheckpointManifest {
  uint64_t step = 0;  // training steps done
  uint64_t policy_version = 0;
  std::string weights_digest;  // 32 hexadecimal digits
  uint64_t hist_seq = 0;       // of the history in history/
  std::string hist_digest;
};

// What one checkpoint holds. Everything is borrowed for the call.
struct CheckpointContents {
  CheckpointManifest manifest;
  std::vector<CheckpointTensor> parameters;
  std::vector<CheckpointTensor> first_moment;  // same names and shapes
  std::vector<CheckpointTensor> second_moment;
  std::string state_json;
  // Fills the folder `path` (not there yet) with the history's files; null: no history.
  std::function<Status(const std::string& path)> write_history;
};

struct CheckpointRetention {
  size_t max_actor_ckpt_to_keep = 3;  // newest, at least 1
  uint64_t keep_every = 0;            // steps divisible by it stay; 0 = none
  std::optional<uint64_t> best_step;  // stays
};

// Called before each file operation with its name (`ckpt.part`, `ckpt.before_manifest`,
// `ckpt.after_manifest`, `ckpt.before_latest`, `ckpt.after_latest`, `ckpt.retention`); tests kill
// the process there.
using CheckpointFailpoint = std::function<void(std::string_view point)>;

// Writes checkpoints into one folder, which it creates.
// Threads:   one caller. Blocks until everything is on disk.
// Errors:    kUnavailable for a full or failing disk; the checkpoints written before stay valid.
class TrainingCheckpointWriter {
 public:
  TrainingCheckpointWriter(std::string folder, CheckpointRetention retention,
                           CheckpointFailpoint failpoint = {});

  Status Write(const CheckpointContents& contents);
  void set_best_step(uint64_t step) { retention_.best_step = step; }

 private:
  Status FillFolder(const CheckpointContents& contents, const std::string& folder);
  Status Commit(const std::string& temporary, uint64_t step);
  Status Retain(uint64_t step);
  Status RemoveLeftovers();
  Status Discard(const std::string& name);
  void Point(std::string_view point) const;

  const std::string folder_;
  CheckpointRetention retention_;
  const CheckpointFailpoint failpoint_;
};

// A checkpoint whose manifest, sizes and digests were found right.
struct FoundCheckpoint {
  std::string folder;  // …/step_00001200
  CheckpointManifest manifest;
};

// The newest valid checkpoint in `folder`; null if there is no finished checkpoint at all. Each
// invalid one is named in one loud line. Errors: kDataLoss if finished folders exist and none is
// valid: never a silent fresh start.
Result<std::optional<FoundCheckpoint>> FindNewestCheckpoint(const std::string& folder);
// Checks one checkpoint folder. Errors: kDataLoss, "FOLDER: reason".
Result<FoundCheckpoint> OpenCheckpoint(const std::string& folder);

// Reads into tensors[i].values; names and shapes must be exactly those of the file.
Status ReadCheckpointParameters(const FoundCheckpoint& checkpoint,
                                std::span<const CheckpointTensor> parameters);
Status ReadCheckpointMoments(const FoundCheckpoint& checkpoint,
                             std::span<const CheckpointTensor> first_moment,
                             std::span<const CheckpointTensor> second_moment);
Result<std::string> ReadCheckpointState(const FoundCheckpoint& checkpoint);
// …/history
std::string CheckpointHistoryFolder(const FoundCheckpoint& checkpoint);

}  // namespace winnow::learner
