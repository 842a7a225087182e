#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "orchestrator/metrics/console_progress.h"
#include "orchestrator/metrics/metric_list.h"
#include "orchestrator/metrics/metrics_writer.h"
#include "orchestrator/metrics/tensorboard.h"

namespace winnow::orchestrator {

// Sends the numbers of a run to the writers that metrics.logger names: `console` (stderr), `jsonl`,
// `tensorboard`.
// Threads: one caller. Errors: those of the disk.
class MetricsHub {
 public:
  // `resumed_step`: what lies beyond it in files of an earlier start is cut off; none = a new run.
  Status Open(const std::string& run_folder, const std::vector<std::string>& loggers,
              std::optional<uint64_t> resumed_step);
  Status OnStep(uint64_t step, const MetricList& metrics, const Progress& progress);
  // Numbers of an evaluation after `step`; its own line of metrics.jsonl.
  Status OnEvaluation(uint64_t step, const MetricList& metrics);
  // Ends the console's line.
  void Close();

 private:
  Status Write(uint64_t step, const MetricList& metrics);

  std::optional<MetricsWriter> jsonl_;
  std::optional<TensorBoardWriter> tensorboard_;
  std::optional<ConsoleProgress> console_;
};

}  // namespace winnow::orchestrator
