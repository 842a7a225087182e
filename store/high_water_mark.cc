#include "store/high_water_mark.h"

#include <optional>

#include "base/format.h"
#include "store/chain.h"
#include "store/database.h"

namespace winnow::store {

Result<MarkFit> FitMark(const HistoryMark& mark, const Database& database) {
  WINNOW_RETURN_IF_ERROR(CheckPassesMark(mark, database));
  WINNOW_ASSIGN_OR_RETURN(const HistoryPosition position, ReadPosition(database));
  if (position.hist_seq > mark.hist_seq + 1) {
    return DataLoss(
        Format("history: events.log has lost its end, its mark must be at most one step behind the "
               "store: mark step {}, seq {}; store step {}, seq {}",
               mark.step, mark.hist_seq, position.step, position.hist_seq));
  }
  return position.hist_seq == mark.hist_seq ? MarkFit::kAtMark : MarkFit::kOneStepPast;
}

Status CheckPassesMark(const HistoryMark& mark, const Database& database) {
  WINNOW_ASSIGN_OR_RETURN(const HistoryPosition position, ReadPosition(database));
  if (position.hist_seq < mark.hist_seq) {
    return DataLoss(
        Format("history: committed steps are gone, the store must reach the mark of events.log: "
               "mark step {}, seq {}; store step {}, seq {}",
               mark.step, mark.hist_seq, position.step, position.hist_seq));
  }
  if (mark.hist_seq == 0) return OkStatus();  // every chain starts from 0
  WINNOW_ASSIGN_OR_RETURN(const std::optional<Digest> digest, ReadChain(database, mark.step));
  if (digest == mark.hist_digest) return OkStatus();
  return DataLoss(Format("history: digest of step {} must be that of events.log, {}: {}", mark.step,
                         ToHex(mark.hist_digest), digest ? ToHex(*digest) : "no such step"));
}

}  // namespace winnow::store
