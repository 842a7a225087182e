#include "orchestrator/metrics/metrics_writer.h"

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "base/format.h"

namespace winnow::orchestrator {
namespace {

// The step of a line, or nothing if it is no record.
std::optional<uint64_t> StepOf(std::string_view line) {
  const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("step") || !json["step"].is_number_unsigned()) {
    return std::nullopt;
  }
  return json["step"].get<uint64_t>();
}

// The lines of `text` up to `last_kept_step`. A line counts only with its end.
Result<std::string> KeptLines(const std::string& path, std::string_view text,
                              uint64_t last_kept_step) {
  std::string kept;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) break;  // torn
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    const std::optional<uint64_t> step = StepOf(line);
    if (!step.has_value()) {
      if (text.empty()) break;  // torn by a lost page before its end
      return DataLoss(
          Format("{}:{}: must be an object with a step: {}", path, number, line.substr(0, 40)));
    }
    if (*step > last_kept_step) continue;
    kept.append(line);
    kept.push_back('\n');
  }
  return kept;
}

}  // namespace

std::string FormatMetricsLine(uint64_t step, const MetricList& metrics) {
  std::string line = Format("{{\"step\": {}", step);
  for (const Metric& metric : metrics) {
    const bool shown = metric.value.has_value() && std::isfinite(*metric.value);
    line += Format(", {}: {}", nlohmann::json(metric.name).dump(),
                   shown ? Format("{}", *metric.value) : std::string("null"));
  }
  line.push_back('}');
  return line;
}

Result<MetricsWriter> MetricsWriter::Open(const std::string& path,
                                          std::optional<uint64_t> last_kept_step) {
  std::string kept;
  if (last_kept_step.has_value() && std::filesystem::exists(path)) {
    WINNOW_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
    WINNOW_ASSIGN_OR_RETURN(kept, KeptLines(path, text, *last_kept_step));
  }
  WINNOW_RETURN_IF_ERROR(WriteFileAtomically(path, kept));
  WINNOW_ASSIGN_OR_RETURN(WritableFile file, WritableFile::Append(path));
  return MetricsWriter(std::move(file));
}

Status MetricsWriter::Write(uint64_t step, const MetricList& metrics) {
  return file_.Write(FormatMetricsLine(step, metrics) + "\n");
}

}  // namespace winnow::orchestrator
