#include "orchestrator/metrics/tensorboard.h"

#include <cmath>
#include <filesystem>
#include <utility>

#include "base/digest.h"
#include "base/format.h"
#include "orchestrator/metrics/tensorboard_event.pb.h"

namespace winnow::orchestrator {
namespace {

constexpr std::string_view kFileVersion = "brain.Event:2";

void AppendLittleEndian(uint64_t value, int bytes, std::string* out) {
  for (int i = 0; i < bytes; ++i) out->push_back(static_cast<char>(value >> (8 * i) & 0xFF));
}

std::string FreePath(const TensorBoardOptions& options) {
  for (int64_t seconds = options.wall_seconds;; ++seconds) {
    std::string path =
        Format("{}/events.out.tfevents.{}.{}", options.folder, seconds, options.host);
    if (!std::filesystem::exists(path)) return path;
  }
}

}  // namespace

uint32_t MaskCrc(uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8u; }

std::string FrameTensorBoardRecord(std::string_view payload) {
  std::string record;
  AppendLittleEndian(payload.size(), 8, &record);
  AppendLittleEndian(MaskCrc(Crc32c(record)), 4, &record);
  record.append(payload);
  AppendLittleEndian(MaskCrc(Crc32c(payload)), 4, &record);
  return record;
}

Result<TensorBoardWriter> TensorBoardWriter::Create(const TensorBoardOptions& options) {
  const std::string path = FreePath(options);
  WINNOW_ASSIGN_OR_RETURN(WritableFile file, WritableFile::Create(path));
  tensorboard::Event version;
  version.set_wall_time(static_cast<double>(options.wall_seconds));
  version.set_file_version(std::string(kFileVersion));
  WINNOW_RETURN_IF_ERROR(file.Write(FrameTensorBoardRecord(version.SerializeAsString())));
  if (options.resumed_step.has_value()) {
    tensorboard::Event start;
    start.set_wall_time(static_cast<double>(options.wall_seconds));
    start.set_step(static_cast<int64_t>(*options.resumed_step));
    start.mutable_session_log()->set_status(tensorboard::SessionLog::START);
    WINNOW_RETURN_IF_ERROR(file.Write(FrameTensorBoardRecord(start.SerializeAsString())));
  }
  return TensorBoardWriter(path, std::move(file));
}

Status TensorBoardWriter::Write(uint64_t step, double wall_time, const MetricList& metrics) {
  tensorboard::Event event;
  event.set_wall_time(wall_time);
  event.set_step(static_cast<int64_t>(step));
  for (const Metric& metric : metrics) {
    if (!metric.value.has_value() || !std::isfinite(*metric.value)) continue;
    tensorboard::Summary::Value* value = event.mutable_summary()->add_value();
    value->set_tag(metric.name);
    value->set_simple_value(static_cast<float>(*metric.value));
  }
  if (!event.has_summary()) return OkStatus();
  return file_.Write(FrameTensorBoardRecord(event.SerializeAsString()));
}

}  // namespace winnow::orchestrator
