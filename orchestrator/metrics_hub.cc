#include "orchestrator/metrics_hub.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>

#include "base/clock.h"
#include "base/format.h"

namespace winnow::orchestrator {
namespace {

std::string HostName() {
  char name[256] = {};
  return gethostname(name, sizeof(name) - 1) == 0 ? name : "localhost";
}

double WallTime() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

Status MetricsHub::Open(const std::string& run_folder, const std::vector<std::string>& loggers,
                        std::optional<uint64_t> resumed_step) {
  const auto wanted = [&loggers](std::string_view name) {
    return std::find(loggers.begin(), loggers.end(), name) != loggers.end();
  };
  if (wanted("console")) console_.emplace(&std::cerr, isatty(STDERR_FILENO) != 0);
  if (wanted("jsonl")) {
    WINNOW_ASSIGN_OR_RETURN(jsonl_,
                            MetricsWriter::Open(run_folder + "/metrics.jsonl", resumed_step));
  }
  if (wanted("tensorboard")) {
    TensorBoardOptions options{
        .folder = run_folder, .wall_seconds = WallSeconds(), .host = HostName()};
    if (resumed_step.has_value()) options.resumed_step = *resumed_step + 1;
    WINNOW_ASSIGN_OR_RETURN(tensorboard_, TensorBoardWriter::Create(options));
  }
  return OkStatus();
}

Status MetricsHub::OnStep(uint64_t step, const MetricList& metrics, const Progress& progress) {
  if (console_.has_value()) console_->Show(progress);
  return Write(step, metrics);
}

Status MetricsHub::OnEvaluation(uint64_t step, const MetricList& metrics) {
  if (console_.has_value()) {
    const std::optional<double> accuracy = FindMetric(metrics, "val/accuracy");
    console_->Message(accuracy.has_value()
                          ? Format("step {}: held-out accuracy {:.1f} %", step, 100 * *accuracy)
                          : Format("step {}: no response could be judged", step));
  }
  return Write(step, metrics);
}

void MetricsHub::Close() {
  if (console_.has_value()) console_->Finish();
}

Status MetricsHub::Write(uint64_t step, const MetricList& metrics) {
  if (jsonl_.has_value()) WINNOW_RETURN_IF_ERROR(jsonl_->Write(step, metrics));
  if (tensorboard_.has_value()) {
    WINNOW_RETURN_IF_ERROR(tensorboard_->Write(step, WallTime(), metrics));
  }
  return OkStatus();
}

}  // namespace winnow::orchestrator
