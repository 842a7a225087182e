#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/status.h"
#include "orchestrator/metrics/metric_list.h"

namespace winnow::orchestrator {

// A record of a TensorBoard event file: u64 length | u32 masked crc32c of the length bytes |
// payload | u32 masked crc32c of the payload, little-endian.
std::string FrameTensorBoardRecord(std::string_view payload);

// crc32c rotated and shifted, so that a checksum of bytes that hold checksums stays sound:
//   ((crc >> 15) | (crc << 17)) + 0xa282ead8
uint32_t MaskCrc(uint32_t crc);

struct TensorBoardOptions {
  std::string folder;
  int64_t wall_seconds = 0;  // part of the file's name
  std::string host;          // part of the file's name
  // Set on a resume: the first step that this file will write. TensorBoard then forgets the points
  // of earlier files from that step on.
  std::optional<uint64_t> resumed_step;
};

// Writes the scalars of a run to `FOLDER/events.out.tfevents.SECONDS.HOST` (the next free second if
// that name is taken), which TensorBoard opens, also while the run is writing.
// Threads: one caller. Errors: kUnavailable if the disk refuses.
class TensorBoardWriter {
 public:
  static Result<TensorBoardWriter> Create(const TensorBoardOptions& options);
  // One event with all metrics that have a finite value.
  Status Write(uint64_t step, double wall_time, const MetricList& metrics);
  const std::string& path() const { return path_; }

 private:
  TensorBoardWriter(std::string path, WritableFile file)
      : path_(std::move(path)), file_(std::move(file)) {}
  std::string path_;
  WritableFile file_;
};

}  // namespace winnow::orchestrator
