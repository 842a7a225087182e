#include "store/history_reader.h"

#include <utility>

#include "base/format.h"
#include "store/database.h"
#include "store/events_log.h"
#include "store/high_water_mark.h"

namespace winnow::store {
namespace {

Result<HistoryMark> ReadMark(const std::string& events_log) {
  WINNOW_ASSIGN_OR_RETURN(const EventsLogContents contents, ReadEventsLog(events_log));
  return LastMark(contents);
}

Result<std::unique_ptr<Database>> OpenChecked(const std::string& path, Database::Mode mode) {
  WINNOW_ASSIGN_OR_RETURN(const bool exists, Database::Exists(path));
  if (!exists) return NotFound(Format("history: there is no store: {}", path));
  WINNOW_ASSIGN_OR_RETURN(std::unique_ptr<Database> database, Database::Open(path, mode));
  WINNOW_RETURN_IF_ERROR(CheckSchema(*database));
  return database;
}

}  // namespace

HistoryReader::HistoryReader(std::unique_ptr<Database> database) : database_(std::move(database)) {}
HistoryReader::~HistoryReader() = default;

Result<std::unique_ptr<HistoryReader>> HistoryReader::OpenLive(const std::string& path,
                                                               const std::string& events_log) {
  // The mark first: a store that is being written can only be further than an older mark.
  WINNOW_ASSIGN_OR_RETURN(const HistoryMark mark, ReadMark(events_log));
  Result<std::unique_ptr<Database>> database = OpenChecked(path, Database::Mode::kSecondary);
  if (!database.ok() && database.status().code() == StatusCode::kNotFound && mark.hist_seq > 0) {
    return DataLoss(
        Format("history: the store is missing, events.log marks step {}: {}", mark.step, path));
  }
  if (!database.ok()) return database.status();
  WINNOW_RETURN_IF_ERROR(CheckPassesMark(mark, **database));
  return std::unique_ptr<HistoryReader>(new HistoryReader(std::move(*database)));
}

Result<std::unique_ptr<HistoryReader>> HistoryReader::OpenCheckpoint(const std::string& path) {
  WINNOW_ASSIGN_OR_RETURN(std::unique_ptr<Database> database,
                          OpenChecked(path, Database::Mode::kRead));
  return std::unique_ptr<HistoryReader>(new HistoryReader(std::move(database)));
}

Status HistoryReader::CatchUp() { return database_->CatchUp(); }

Result<HistoryPosition> HistoryReader::position() const { return ReadPosition(*database_); }
Result<std::string> HistoryReader::Summary() const { return SummaryJson(*database_); }
Result<std::string> HistoryReader::Steps(uint64_t first, uint64_t last) const {
  return StepsJson(*database_, first, last);
}
Result<std::string> HistoryReader::Show(PromptId prompt) const {
  return ShowJson(*database_, prompt);
}
Result<std::string> HistoryReader::List(const ListQuery& query) const {
  return ListJson(*database_, query);
}
Status HistoryReader::Export(const std::function<Status(std::string_view)>& line) const {
  return ExportJson(*database_, line);
}
Result<PromptId> HistoryReader::Resolve(std::string_view text) const {
  return ResolvePrompt(*database_, text);
}
Result<VerifyReport> HistoryReader::Verify() { return VerifyDatabase(database_.get()); }

}  // namespace winnow::store
