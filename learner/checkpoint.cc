#include "learner/checkpoint.h"

#include <fcntl.h>
#include <stdio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/format.h"
#include "base/log.h"
#include "learner/checkpoint_manifest.h"
#include "model/safetensors.h"
#include "model/safetensors_writer.h"

namespace winnow::learner {
namespace {

namespace fs = std::filesystem;
const Logger log("learner");

constexpr std::string_view kPrefix = "step_";
constexpr std::string_view kTrashPrefix = ".trash-";
constexpr std::string_view kFirstMoment = "first_moment.";
constexpr std::string_view kSecondMoment = "second_moment.";

std::string NameOf(uint64_t step) { return Format("step_{:08}", step); }

// The step of a finished checkpoint's folder name; null for any other name.
std::optional<uint64_t> StepOf(std::string_view name) {
  if (name.substr(0, kPrefix.size()) != kPrefix) return std::nullopt;
  const std::string_view digits = name.substr(kPrefix.size());
  if (digits.size() < 8 || digits.size() > 18) return std::nullopt;
  uint64_t step = 0;
  for (char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    step = step * 10 + static_cast<uint64_t>(c - '0');
  }
  return NameOf(step) == name ? std::optional(step) : std::nullopt;
}

Result<std::vector<std::string>> NamesIn(const std::string& folder) {
  std::error_code error;
  std::vector<std::string> names;
  if (!fs::exists(folder, error)) return names;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  if (error) return Unavailable(Format("{} ({})", folder, error.message()));
  std::sort(names.begin(), names.end());
  return names;
}

// Steps of finished folders, newest first, valid or not.
Result<std::vector<uint64_t>> FinishedSteps(const std::string& folder) {
  WINNOW_ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesIn(folder));
  std::vector<uint64_t> steps;
  for (const std::string& name : names) {
    if (const std::optional<uint64_t> step = StepOf(name)) steps.push_back(*step);
  }
  std::sort(steps.rbegin(), steps.rend());
  return steps;
}

Status MakeFolder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return Unavailable(Format("{} ({})", path, error.message()));
  return OkStatus();
}

// Syncs every file and folder below `folder`, and itself.
Status SyncTree(const std::string& folder) {
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    const std::string path = it->path().string();
    if (it->is_directory(error)) {
      WINNOW_RETURN_IF_ERROR(SyncFolder(path));
    } else {
      WINNOW_ASSIGN_OR_RETURN(WritableFile file, WritableFile::Append(path));
      WINNOW_RETURN_IF_ERROR(file.Sync());
    }
  }
  if (error) return Unavailable(Format("{} ({})", folder, error.message()));
  return SyncFolder(folder);
}

std::vector<model::TensorToWrite> ToWrite(std::string_view prefix,
                                          std::span<const CheckpointTensor> tensors) {
  std::vector<model::TensorToWrite> result;
  for (const CheckpointTensor& tensor : tensors) {
    const std::span<const float> values = tensor.values;
    result.push_back({.name = std::string(prefix) + tensor.name,
                      .shape = tensor.shape,
                      .values = [values](uint64_t first, std::span<float> out) {
                        const auto from = values.subspan(first, out.size());
                        std::copy(from.begin(), from.end(), out.begin());
                      }});
  }
  return result;
}

Status WriteTensors(const std::string& folder, const std::string& name,
                    std::span<const model::TensorToWrite> tensors) {
  return model::WriteSafetensors(folder, name, "F32", tensors,
                                 std::numeric_limits<uint64_t>::max());
}

Status ReadTensors(const model::SafetensorsFile& file, std::string_view prefix,
                   std::span<const CheckpointTensor> tensors) {
  for (const CheckpointTensor& tensor : tensors) {
    const std::string name = std::string(prefix) + tensor.name;
    const model::TensorInfo* info = file.Find(name);
    if (info == nullptr || info->shape != tensor.shape || info->dtype != "F32" ||
        info->num_elements != tensor.values.size()) {
      return DataLoss(Format("{}: tensor {} must be there as F32 {}: {}", file.path(), name,
                             model::ShowShape(tensor.shape),
                             info == nullptr ? "missing" : model::ShowShape(info->shape)));
    }
    WINNOW_RETURN_IF_ERROR(
        file.ReadReals<float>(*info, 0, info->num_elements, tensor.values.data()));
  }
  return OkStatus();
}

Status CheckTensorCount(const model::SafetensorsFile& file, size_t expected) {
  if (file.tensors().size() == expected) return OkStatus();
  return DataLoss(
      Format("{}: number of tensors must be {}: {}", file.path(), expected, file.tensors().size()));
}

}  // namespace

TrainingCheckpointWriter::TrainingCheckpointWriter(std::string folder,
                                                   CheckpointRetention retention,
                                                   CheckpointFailpoint failpoint)
    : folder_(std::move(folder)), retention_(retention), failpoint_(std::move(failpoint)) {}

void TrainingCheckpointWriter::Point(std::string_view point) const {
  if (failpoint_) failpoint_(point);
}

Status TrainingCheckpointWriter::Write(const CheckpointContents& contents) {
  WINNOW_RETURN_IF_ERROR(MakeFolder(folder_));
  WINNOW_RETURN_IF_ERROR(RemoveLeftovers());
  const uint64_t step = contents.manifest.step;
  const std::string temporary = folder_ + "/" + NameOf(step) + ".tmp-0";
  WINNOW_RETURN_IF_ERROR(MakeFolder(temporary));
  WINNOW_RETURN_IF_ERROR(FillFolder(contents, temporary));
  WINNOW_RETURN_IF_ERROR(Commit(temporary, step));
  Point("ckpt.before_latest");
  WINNOW_RETURN_IF_ERROR(WriteFileAtomically(folder_ + "/LATEST", NameOf(step) + "\n"));
  Point("ckpt.after_latest");
  return Retain(step);
}

Status TrainingCheckpointWriter::FillFolder(const CheckpointContents& contents,
                                            const std::string& folder) {
  Point("ckpt.part");
  WINNOW_RETURN_IF_ERROR(WriteTensors(folder, "parameters", ToWrite("", contents.parameters)));
  Point("ckpt.part");
  std::vector<model::TensorToWrite> moments = ToWrite(kFirstMoment, contents.first_moment);
  for (auto& tensor : ToWrite(kSecondMoment, contents.second_moment)) {
    moments.push_back(std::move(tensor));
  }
  WINNOW_RETURN_IF_ERROR(WriteTensors(folder, "moments", moments));
  Point("ckpt.part");
  WINNOW_RETURN_IF_ERROR(WriteFileAtomically(folder + "/state.json", contents.state_json));
  Point("ckpt.part");
  if (contents.write_history) {
    WINNOW_RETURN_IF_ERROR(contents.write_history(folder + "/history"));
  }
  WINNOW_RETURN_IF_ERROR(SyncTree(folder));
  WINNOW_ASSIGN_OR_RETURN(const std::vector<ManifestFile> files, ListFiles(folder));
  Point("ckpt.before_manifest");
  WINNOW_RETURN_IF_ERROR(WriteFileAtomically(folder + "/" + std::string(kManifestName),
                                             WriteManifest(contents.manifest, files)));
  Point("ckpt.after_manifest");
  return OkStatus();
}

// A checkpoint of the same step is there if this step was repeated after a resume at an earlier
// one; the exchange leaves no instant without either.
Status TrainingCheckpointWriter::Commit(const std::string& temporary, uint64_t step) {
  const std::string target = folder_ + "/" + NameOf(step);
  std::error_code error;
  if (!fs::exists(target, error)) return RenameDurably(temporary, target);
  if (renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) != 0) {
    return Unavailable(Format("{} ({})", target, std::strerror(errno)));
  }
  WINNOW_RETURN_IF_ERROR(SyncFolder(folder_));
  return Discard(fs::path(temporary).filename().string());
}

Status TrainingCheckpointWriter::Retain(uint64_t step) {
  WINNOW_ASSIGN_OR_RETURN(const std::vector<uint64_t> steps, FinishedSteps(folder_));
  size_t newest = 0;
  for (uint64_t other : steps) {
    if (other > step) {
      // Left by a run that went further before it was resumed here: it must not be found again.
      Point("ckpt.retention");
      WINNOW_RETURN_IF_ERROR(
          RenameDurably(folder_ + "/" + NameOf(other), folder_ + "/abandoned-" + NameOf(other)));
      continue;
    }
    ++newest;
    const bool keep = newest <= std::max<size_t>(1, retention_.max_actor_ckpt_to_keep) ||
                      (retention_.keep_every > 0 && other % retention_.keep_every == 0) ||
                      retention_.best_step == other;
    if (!keep) WINNOW_RETURN_IF_ERROR(Discard(NameOf(other)));
  }
  return OkStatus();
}

// By rename, then unlink: a half-deleted folder is never taken for a checkpoint.
Status TrainingCheckpointWriter::Discard(const std::string& name) {
  const std::string trash = folder_ + "/" + std::string(kTrashPrefix) + name;
  Point("ckpt.retention");
  WINNOW_RETURN_IF_ERROR(RenameDurably(folder_ + "/" + name, trash));
  Point("ckpt.retention");
  std::error_code error;
  fs::remove_all(trash, error);
  if (error) return Unavailable(Format("{} ({})", trash, error.message()));
  return OkStatus();
}

Status TrainingCheckpointWriter::RemoveLeftovers() {
  WINNOW_ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesIn(folder_));
  for (const std::string& name : names) {
    const size_t temporary = name.find(".tmp-");
    const bool ours = name.starts_with(kTrashPrefix) ||
                      (temporary != std::string::npos && StepOf(name.substr(0, temporary)));
    if (!ours) continue;
    std::error_code error;
    fs::remove_all(folder_ + "/" + name, error);
    if (error) return Unavailable(Format("{}/{} ({})", folder_, name, error.message()));
  }
  return OkStatus();
}

Result<FoundCheckpoint> OpenCheckpoint(const std::string& folder) {
  FoundCheckpoint found{.folder = folder};
  const std::string path = folder + "/" + std::string(kManifestName);
  const Result<std::string> text = ReadFile(path);
  if (!text.ok()) return DataLoss(Format("{}: no manifest: {}", folder, text.status().message()));
  std::vector<ManifestFile> listed;
  WINNOW_RETURN_IF_ERROR(ReadManifest(*text, &found.manifest, &listed).WithPrefix(folder));
  const std::string name = fs::path(folder).filename().string();
  if (name != NameOf(found.manifest.step)) {
    return DataLoss(Format("{}: manifest is of step {}", folder, found.manifest.step));
  }
  for (const ManifestFile& file : listed) {
    std::error_code error;
    const uint64_t bytes = fs::file_size(folder + "/" + file.path, error);
    if (error || bytes != file.bytes) {
      return DataLoss(Format("{}: {} must have {} bytes: {}", folder, file.path, file.bytes,
                             error ? error.message() : std::to_string(bytes)));
    }
  }
  const Result<std::vector<ManifestFile>> present = ListFiles(folder);
  if (!present.ok()) return DataLoss(present.status().message()).WithPrefix(folder);
  for (const ManifestFile& file : listed) {
    const auto it = std::find_if(present->begin(), present->end(), [&](const ManifestFile& other) {
      return other.path == file.path;
    });
    if (it == present->end() || it->digest != file.digest) {
      return DataLoss(Format("{}: {} does not match its digest", folder, file.path));
    }
  }
  return found;
}

Result<std::optional<FoundCheckpoint>> FindNewestCheckpoint(const std::string& folder) {
  WINNOW_ASSIGN_OR_RETURN(const std::vector<uint64_t> steps, FinishedSteps(folder));
  if (steps.empty()) return std::optional<FoundCheckpoint>();
  for (uint64_t step : steps) {
    Result<FoundCheckpoint> found = OpenCheckpoint(folder + "/" + NameOf(step));
    if (found.ok()) return std::optional(std::move(*found));
    log.Error(
        Format("checkpoint is not valid, trying the next older one: {}", found.status().message()));
  }
  return DataLoss(Format("{}: none of {} checkpoints is valid; the newest is {}", folder,
                         steps.size(), NameOf(steps.front())));
}

Status ReadCheckpointParameters(const FoundCheckpoint& checkpoint,
                                std::span<const CheckpointTensor> parameters) {
  WINNOW_ASSIGN_OR_RETURN(
      const model::SafetensorsFile file,
      model::SafetensorsFile::Open(checkpoint.folder + "/parameters.safetensors"));
  WINNOW_RETURN_IF_ERROR(CheckTensorCount(file, parameters.size()));
  return ReadTensors(file, "", parameters);
}

Status ReadCheckpointMoments(const FoundCheckpoint& checkpoint,
                             std::span<const CheckpointTensor> first_moment,
                             std::span<const CheckpointTensor> second_moment) {
  WINNOW_ASSIGN_OR_RETURN(const model::SafetensorsFile file,
                          model::SafetensorsFile::Open(checkpoint.folder + "/moments.safetensors"));
  WINNOW_RETURN_IF_ERROR(CheckTensorCount(file, first_moment.size() + second_moment.size()));
  WINNOW_RETURN_IF_ERROR(ReadTensors(file, kFirstMoment, first_moment));
  return ReadTensors(file, kSecondMoment, second_moment);
}

Result<std::string> ReadCheckpointState(const FoundCheckpoint& checkpoint) {
  return ReadFile(checkpoint.folder + "/state.json");
}

std::string CheckpointHistoryFolder(const FoundCheckpoint& checkpoint) {
  return checkpoint.folder + "/history";
}

}  // namespace winnow::learner
