#include "store/resume.h"

#include <charconv>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/file.h"
#include "base/format.h"
#include "base/log.h"
#include "store/database.h"
#include "store/events_log.h"

namespace winnow::store {
namespace {

namespace fs = std::filesystem;

const Logger kLog("store");

constexpr std::string_view kAbandoned = "history.abandoned-";

Status FromError(const std::string& path, const std::error_code& error) {
  return Unavailable(Format("{} ({})", path, error.message()));
}

Status RemoveAll(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  return error ? FromError(path, error) : OkStatus();
}

// Immutable files are shared, for a checkpoint on the same disk; all others RocksDB appends to.
Status CopyFileDurably(const std::string& from, const std::string& to) {
  std::error_code error;
  if (from.ends_with(".sst")) {
    fs::create_hard_link(from, to, error);
    if (!error) return OkStatus();
  }
  WINNOW_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(from));
  WINNOW_ASSIGN_OR_RETURN(WritableFile file, WritableFile::Create(to));
  WINNOW_RETURN_IF_ERROR(file.Write(bytes));
  return file.Sync();
}

Status CopyFolder(const std::string& from, const std::string& to) {
  WINNOW_RETURN_IF_ERROR(RemoveAll(to));
  std::error_code error;
  fs::create_directory(to, error);
  if (error) return FromError(to, error);
  WINNOW_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListFolder(from));
  for (const std::string& name : names) {
    WINNOW_RETURN_IF_ERROR(CopyFileDurably(from + "/" + name, to + "/" + name));
  }
  return SyncFolder(to);
}

Result<HistoryPosition> PositionOf(const std::string& path) {
  WINNOW_ASSIGN_OR_RETURN(const bool exists, Database::Exists(path));
  if (!exists) return DataLoss(Format("history: there is no store: {}", path));
  WINNOW_ASSIGN_OR_RETURN(const auto database, Database::Open(path, Database::Mode::kRead));
  WINNOW_RETURN_IF_ERROR(CheckSchema(*database));
  return ReadPosition(*database);
}

// The abandoned stores of a run by number.
Result<std::map<uint64_t, std::string>> ListAbandoned(const HistoryPaths& paths) {
  std::map<uint64_t, std::string> found;
  WINNOW_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListFolder(paths.run_folder));
  for (const std::string& name : names) {
    if (!name.starts_with(kAbandoned)) continue;
    const std::string_view digits = std::string_view(name).substr(kAbandoned.size());
    uint64_t number = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stop, bad] = std::from_chars(digits.data(), end, number);
    if (bad == std::errc() && stop == end) found[number] = paths.run_folder + "/" + name;
  }
  return found;
}

Status Abandon(const HistoryPaths& paths) {
  WINNOW_ASSIGN_OR_RETURN(const auto older, ListAbandoned(paths));
  const uint64_t number = older.empty() ? 0 : older.rbegin()->first + 1;
  const std::string to = Format("{}/{}{}", paths.run_folder, kAbandoned, number);
  WINNOW_RETURN_IF_ERROR(RenameDurably(paths.live(), to));
  kLog.Info(Format("the live history is set aside: {}", to));
  for (const auto& [unused, path] : older) WINNOW_RETURN_IF_ERROR(RemoveAll(path));
  return OkStatus();
}

Status MarkResumed(const HistoryPaths& paths, const HistoryPosition& position) {
  WINNOW_ASSIGN_OR_RETURN(EventsLog events, EventsLog::Open(paths.events_log()));
  return events.Append(EncodeMark({.resumed = true,
                                   .step = position.step,
                                   .hist_seq = position.hist_seq,
                                   .hist_digest = position.hist_digest}));
}

}  // namespace

Status ResumeHistory(const HistoryPaths& paths, const std::string& checkpoint_history,
                     const HistoryPosition& expected) {
  const std::string incoming = paths.run_folder + "/history.incoming";
  WINNOW_RETURN_IF_ERROR(CopyFolder(checkpoint_history, incoming));
  WINNOW_ASSIGN_OR_RETURN(const HistoryPosition found, PositionOf(incoming));
  if (found != expected) {
    return DataLoss(Format("history: the store of {} must be at {}: {}", checkpoint_history,
                           Describe(expected), Describe(found)));
  }
  std::error_code error;
  if (fs::exists(paths.live(), error)) {
    // A live store at the checkpoint's own position has nothing to repeat; it may be the copy of
    // a resume that was killed here, and must not push out the store that it replaced.
    const Result<HistoryPosition> live = PositionOf(paths.live());
    if (live.ok() && *live == expected) {
      WINNOW_RETURN_IF_ERROR(RemoveAll(paths.live()));
    } else {
      WINNOW_RETURN_IF_ERROR(Abandon(paths));
    }
  }
  WINNOW_RETURN_IF_ERROR(RenameDurably(incoming, paths.live()));
  return MarkResumed(paths, expected);
}

Status RestartHistory(const HistoryPaths& paths) {
  WINNOW_ASSIGN_OR_RETURN(const EventsLogContents contents, ReadEventsLog(paths.events_log()));
  WINNOW_ASSIGN_OR_RETURN(const HistoryMark mark, LastMark(contents));
  std::error_code error;
  if (fs::exists(paths.live(), error)) {
    const Result<HistoryPosition> live = PositionOf(paths.live());
    if (live.ok() && live->hist_seq == 0) {
      WINNOW_RETURN_IF_ERROR(RemoveAll(paths.live()));
    } else {
      WINNOW_RETURN_IF_ERROR(Abandon(paths));
    }
  }
  return mark.hist_seq == 0 ? OkStatus() : MarkResumed(paths, HistoryPosition());
}

Result<AbandonedHistory> AbandonedHistory::OpenNewest(const HistoryPaths& paths) {
  WINNOW_ASSIGN_OR_RETURN(const auto found, ListAbandoned(paths));
  if (found.empty()) return NotFound("history: no store was abandoned: " + paths.run_folder);
  AbandonedHistory abandoned;
  abandoned.path_ = found.rbegin()->second;
  WINNOW_ASSIGN_OR_RETURN(const auto database,
                          Database::Open(abandoned.path_, Database::Mode::kRead));
  WINNOW_ASSIGN_OR_RETURN(const std::vector<ChainLink> chain, ReadWholeChain(*database));
  for (const ChainLink& link : chain) abandoned.digests_.emplace(link.step, link.digest);
  return abandoned;
}

std::optional<Digest> AbandonedHistory::DigestAt(uint64_t step) const {
  const auto found = digests_.find(step);
  if (found == digests_.end()) return std::nullopt;
  return found->second;
}

}  // namespace winnow::store
