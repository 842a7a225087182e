#pragma once

#include "base/status.h"
#include "store/events_log.h"

namespace winnow::store {

class Database;

// Where a store stands against the mark of events.log.
enum class MarkFit {
  kAtMark,
  kOneStepPast,  // the process died between the two writes of a commit
};

// A store whose log file was deleted opens clean and empty, even after synced writes; only the mark
// outside it tells. So a store that is to be written must be at the mark or one step past it, with
// a digest that continues the mark's; anything else is kDataLoss.
Result<MarkFit> FitMark(const HistoryMark& mark, const Database& database);

// The same for a store that is being written since `mark` was read: it may be any number of steps
// past it, but its chain must go through it.
Status CheckPassesMark(const HistoryMark& mark, const Database& database);

}  // namespace winnow::store
