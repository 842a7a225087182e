#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/file.h"
#include "base/status.h"
#include "orchestrator/metrics/metric_list.h"

namespace winnow::orchestrator {

// One line of metrics.jsonl without its end: {"step": S, "NAME": number or null, ...}. A value that
// is missing or not finite is null; numbers read back as the same double.
std::string FormatMetricsLine(uint64_t step, const MetricList& metrics);

// Appends to a run's metrics.jsonl; each line is in the file when Write returns.
// Threads: one caller.
class MetricsWriter {
 public:
  // Opens the file. A resumed run gives the last step it keeps: lines beyond it, and a torn last
  // line, are cut off first. Without it the file starts empty.
  // Errors: kDataLoss "PATH:LINE: ..." for a kept line that is no record; kUnavailable for the
  // disk.
  static Result<MetricsWriter> Open(const std::string& path,
                                    std::optional<uint64_t> last_kept_step);
  Status Write(uint64_t step, const MetricList& metrics);

 private:
  explicit MetricsWriter(WritableFile file) : file_(std::move(file)) {}
  WritableFile file_;
};

}  // namespace winnow::orchestrator
