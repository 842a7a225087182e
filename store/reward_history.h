#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/ids.h"
#include "base/status.h"
#include "store/aggregate.h"
#include "store/chain.h"
#include "store/history_rule.h"
#include "store/outcome.h"
#include "store/prompt_info.h"
#include "store/verify.h"

namespace winnow::store {

struct HistoryOptions {
  bool create = false;        // make the store if it is missing
  std::string events_log;     // path of the run's events.log, which has the high-water mark
  HistoryRule rule;           // must be that of an existing store (CheckSameRule)
  std::string run_id;         // stored at creation, for people; enters no digest
  std::string config_digest;  // the same
  // Ends every kDataLoss message of Open: the newest good checkpoint and how to use it.
  std::string recovery_hint;
};

// Remembers what every prompt has earned and answers what a filter asks about it.
// Place:     written once per committed step; read by filters.
// Threads:   the step (BeginStep … Commit, DiscardStep), RegisterPrompts and Verify from one
//            thread; all other reads from any, and they see whole steps only.
// Ownership: holds the database and its lock until destruction; returned outcomes are copies.
// Blocks:    Commit, until RocksDB's log and then events.log are on disk. A read may touch the
//            disk but waits for no Commit.
// Errors:    kDataLoss for bytes that are not what was written, or committed steps that are gone;
//            kFailedPrecondition if another process holds the lock or the store is of another
//            rule or data; kUnavailable if the disk refuses. After a failed Commit every later
//            one fails with its error: what reached the disk is only known after a new Open.
class RewardHistory {
 public:
  // The store must be at the last mark of events.log or, if the process died between a commit's
  // two writes, one step past it with a digest that continues it; the lacking mark is then added.
  static Result<std::unique_ptr<RewardHistory>> Open(const std::string& path,
                                                     const HistoryOptions& options);
  ~RewardHistory();
  RewardHistory(const RewardHistory&) = delete;
  RewardHistory& operator=(const RewardHistory&) = delete;

  // Stores the rows of the data set, once; later it checks that they are the same.
  // kInvalidArgument if two rows have one id, kFailedPrecondition if the store has other rows.
  Status RegisterPrompts(std::span<const PromptInfo> prompts);

  // Opens a step. A step that was committed already takes everything and does nothing.
  // REQUIRES: no step is open.
  void BeginStep(uint64_t step);
  // Adds the outcome of one group to the open step; unseen by reads until Commit. A second one of
  // the same prompt and occurrence is dropped. kInvalidArgument if a scored value is not finite.
  // REQUIRES: outcome.step is the open step.
  Status Append(const Outcome& outcome);
  // Adds one skipped offer to the open step, likewise. REQUIRES: skip.step is the open step.
  void AppendSkip(const Skip& skip);
  // Stores `bytes` with the open step: filter blob, cursor, counters.
  // REQUIRES: the key is not one of the store's own.
  void SetMeta(std::string_view key, std::string_view bytes);
  // Writes the open step as one synced batch, then its mark. REQUIRES: `step` is open.
  Status Commit(uint64_t step);
  // Forgets the open step.
  void DiscardStep();

  // kNotFound if the prompt has neither outcome nor skip.
  Result<PromptAggregate> Find(PromptId prompt) const;
  // In the order of `prompts`; an aggregate without history for those that have none.
  Result<std::vector<PromptAggregate>> FindMany(std::span<const PromptId> prompts) const;
  // In step order.
  Result<std::vector<Outcome>> Outcomes(PromptId prompt) const;
  Result<std::vector<Skip>> Skips(PromptId prompt) const;
  // kNotFound if the prompt was not registered.
  Result<PromptInfo> FindPrompt(PromptId prompt) const;
  // kNotFound if nothing was committed under `key`.
  Result<std::string> GetMeta(std::string_view key) const;
  // Every prompt with history, by id.
  Status ForEachAggregate(const std::function<void(PromptId, const PromptAggregate&)>& visit) const;

  HistoryPosition position() const;
  uint64_t hist_seq() const { return position().hist_seq; }
  Digest hist_digest() const { return position().hist_digest; }

  // Folds hist and skip again and compares all that follows from them (verify.h).
  Result<VerifyReport> Verify() const;
  // Copies the store, as of the last commit, into a folder that must not exist; durable.
  Status CreateCheckpoint(const std::string& path) const;

 private:
  struct OpenStep;
  struct State;
  explicit RewardHistory(std::unique_ptr<State> state);

  const std::unique_ptr<State> state_;  // Constant pointer; its members say who may touch them.
};

}  // namespace winnow::store
