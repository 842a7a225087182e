#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/digest.h"
#include "base/status.h"
#include "store/chain.h"

namespace winnow::store {

// The history of a run folder:
//   history/              the live store
//   history.abandoned-N/  the store of the steps that the last resume repeats; one is kept
//   history.incoming/     a copy being made; of no meaning
//   events.log            has the high-water mark
// A resume never opens the live store, whose steps past the checkpoint are to be repeated: it takes
// the checkpoint's copy. Both functions below may be killed at any instant and called again.

struct HistoryPaths {
  std::string run_folder;
  std::string live() const { return run_folder + "/history"; }
  std::string events_log() const { return run_folder + "/events.log"; }
};

// Puts a copy of `checkpoint_history` in the place of the live store, and marks it as resumed in
// events.log. A live store with other steps becomes history.abandoned-N. The copy must be whole and
// at `expected`, the position of the checkpoint's manifest, else kDataLoss and nothing is changed.
Status ResumeHistory(const HistoryPaths& paths, const std::string& checkpoint_history,
                     const HistoryPosition& expected);

// Makes place for a new store, for a run without a checkpoint or with filter.reset_history: the
// live store becomes history.abandoned-N, and events.log is marked as resumed before the first
// step. Does nothing if there is neither store nor mark.
Status RestartHistory(const HistoryPaths& paths);

// What an abandoned store says of the steps that are repeated: with equal config on equal machines
// each must reach the same chained digest.
// Threads: immutable after Open, which closes the store again.
class AbandonedHistory {
 public:
  // The newest abandoned store of a run; kNotFound if there is none, kDataLoss if it cannot be
  // read, which is no reason to stop a run.
  static Result<AbandonedHistory> OpenNewest(const HistoryPaths& paths);

  const std::string& path() const { return path_; }
  // The chained digest after `step`; nothing if it has no such step.
  std::optional<Digest> DigestAt(uint64_t step) const;

 private:
  AbandonedHistory() = default;
  std::string path_;
  std::map<uint64_t, Digest> digests_;
};

}  // namespace winnow::store
