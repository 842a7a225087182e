#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/status.h"
#include "store/chain.h"
#include "store/query.h"
#include "store/verify.h"

namespace winnow::store {

class Database;

// Reads a history that someone else writes, always at a step's border.
// Place:     `winnow history` and the web page.
// Threads:   CatchUp and Verify from one thread while nobody reads; reads from any.
// Ownership: a live reader has a private temporary folder until destruction; it leaves nothing in
//            the run folder and takes no lock.
// Blocks:    on the disk only, never on the writer.
// Errors:    kNotFound if there is no store, kDataLoss if it is damaged or has lost committed
// steps.
class HistoryReader {
 public:
  // The live store of a run, beside its writer or after it. `events_log` is the run's.
  static Result<std::unique_ptr<HistoryReader>> OpenLive(const std::string& path,
                                                         const std::string& events_log);
  // The store inside a checkpoint, which nobody writes.
  static Result<std::unique_ptr<HistoryReader>> OpenCheckpoint(const std::string& path);
  ~HistoryReader();

  // Moves the view to the writer's last committed step. REQUIRES: opened live.
  Status CatchUp();

  Result<HistoryPosition> position() const;
  // The answers are those of query.h.
  Result<std::string> Summary() const;
  Result<std::string> Steps(uint64_t first, uint64_t last) const;
  Result<std::string> Show(PromptId prompt) const;
  Result<std::string> List(const ListQuery& query) const;
  Status Export(const std::function<Status(std::string_view)>& line) const;
  Result<PromptId> Resolve(std::string_view text) const;
  // Of a live store: of its last committed step, or a later one.
  Result<VerifyReport> Verify();

 private:
  explicit HistoryReader(std::unique_ptr<Database> database);
  const std::unique_ptr<Database> database_;  // Synchronises itself.
};

}  // namespace winnow::store
