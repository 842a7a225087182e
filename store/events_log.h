#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/status.h"

namespace winnow::store {

// The log of a run's decisions, `events.log` in the run folder (docs/formats/events_log.md). A
// sequence of frames, each
//   payload size u32 | crc32c u32 of size and payload | payload      (little-endian)
// A payload is one JSON object with a "type". Those of the history's high-water mark are below;
// others belong to who writes them, and readers skip types that they do not know.

// The largest payload.
inline constexpr uint32_t kMaxEventBytes = 64 * 1024;

// What a reader found.
struct EventsLogContents {
  std::vector<std::string> payloads;
  uint64_t good_bytes = 0;  // end of the last whole frame
  uint64_t torn_bytes = 0;  // after it: a frame that was being written when the process died
};

// Reads all whole frames; a missing file is an empty log. A tail that is no whole frame is reported
// in torn_bytes. kDataLoss if a whole frame follows the damage: that is no torn tail.
Result<EventsLogContents> ReadEventsLog(const std::string& path);

// Appends events durably.
// Place:   one per run, owned by who owns the run's commit.
// Threads: one at a time.
// Blocks:  Append, until the frame is on disk (fdatasync).
// Errors:  kDataLoss at Open as for ReadEventsLog; kUnavailable if the disk refuses a write. After
//          a failed Append every later one fails: the tail may be torn, only Open mends it.
class EventsLog {
 public:
  // Creates the file if it is missing; cuts off a torn tail, saying so in the log.
  static Result<EventsLog> Open(const std::string& path);
  EventsLog(EventsLog&& other) noexcept;
  EventsLog& operator=(EventsLog&&) = delete;
  ~EventsLog();

  // REQUIRES: payload is not empty and has at most kMaxEventBytes.
  Status Append(std::string_view payload);

 private:
  EventsLog(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  int descriptor_ = -1;
  std::string path_;
  bool broken_ = false;
};

// How far the history of a run goes: appended after each commit, and by a resume, which may go
// back. The mark of a log is its last one.
struct HistoryMark {
  bool resumed = false;
  uint64_t step = 0;
  uint64_t hist_seq = 0;
  Digest hist_digest;

  friend bool operator==(const HistoryMark&, const HistoryMark&) = default;
};

// {"type":"commit"|"resumed","step":…,"hist_seq":…,"hist_digest":"32 hex digits"}
std::string EncodeMark(const HistoryMark& mark);
// Nothing if the payload is of another type; kDataLoss if it is a mark but cannot be read.
Result<std::optional<HistoryMark>> DecodeMark(std::string_view payload);
// The last mark, or all zero if there is none.
Result<HistoryMark> LastMark(const EventsLogContents& contents);

}  // namespace winnow::store
