#include "model/weight_files.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "base/check.h"
#include "base/format.h"

namespace winnow::model {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxIndexBytes = 100'000'000;
constexpr uint64_t kElementsPerRead = 1 << 17;

std::vector<uint64_t> ShapeOf(const Parameter& parameter) {
  return {parameter.shape.begin(), parameter.shape.end()};
}

Status CheckInsideFolder(const std::string& folder, const std::string& path) {
  std::error_code error;
  const fs::path real_folder = fs::canonical(folder, error);
  if (error) return NotFound(Format("{} ({})", folder, error.message()));
  const fs::path real_file = fs::canonical(path, error);
  if (error) return NotFound(Format("{} ({})", path, error.message()));
  const auto [end, _] =
      std::mismatch(real_folder.begin(), real_folder.end(), real_file.begin(), real_file.end());
  if (end != real_folder.end()) {
    return InvalidArgument(
        Format("{}: must not be a link out of its folder: {}", path, real_file.string()));
  }
  return OkStatus();
}

// Tensors that some writers store although they follow from others.
bool IsRedundant(std::string_view name, const ParameterLayout& layout) {
  if (name == "lm_head.weight") return layout.Find(name) == nullptr;
  return name.ends_with(".self_attn.rotary_emb.inv_freq");
}

template <typename Real>
bool IsFinite(Real x) {
  return std::abs(x) <= std::numeric_limits<Real>::max();
}

// Without an early end, so that the compiler can use vectors.
template <typename Real>
bool AllFinite(std::span<const Real> values) {
  bool all = true;
  for (const Real x : values) all &= IsFinite(x);
  return all;
}

}  // namespace

std::string_view SafetensorsDtype(std::string_view config_dtype) {
  if (config_dtype == "float32") return "F32";
  if (config_dtype == "bfloat16") return "BF16";
  return config_dtype == "float16" ? "F16" : "";
}

std::string_view ConfigDtype(std::string_view safetensors_dtype) {
  if (safetensors_dtype == "F32") return "float32";
  if (safetensors_dtype == "BF16") return "bfloat16";
  return safetensors_dtype == "F16" ? "float16" : "";
}

Result<WeightFiles> WeightFiles::Open(const std::string& folder, const std::string& stem) {
  WeightFiles files;
  const std::string single = (fs::path(folder) / (stem + ".safetensors")).string();
  const std::string index = single + ".index.json";
  std::error_code ignored;
  if (fs::exists(single, ignored)) {
    WINNOW_RETURN_IF_ERROR(CheckInsideFolder(folder, single));
    WINNOW_ASSIGN_OR_RETURN(SafetensorsFile file, SafetensorsFile::Open(single));
    files.files_.push_back(std::make_unique<SafetensorsFile>(std::move(file)));
    files.first_path_ = single;
    return files;
  }
  if (!fs::exists(index, ignored)) {
    return NotFound(
        Format("{}: must hold {}.safetensors or {}.safetensors.index.json", folder, stem, stem));
  }
  WINNOW_RETURN_IF_ERROR(files.OpenShards(folder, index));
  return files;
}

Status WeightFiles::OpenShards(const std::string& folder, const std::string& index_path) {
  first_path_ = index_path;
  WINNOW_RETURN_IF_ERROR(CheckInsideFolder(folder, index_path));
  WINNOW_ASSIGN_OR_RETURN(const RandomAccessFile file, RandomAccessFile::Open(index_path));
  if (file.size_bytes() > kMaxIndexBytes) {
    return InvalidArgument(Format("{}: must have at most {} bytes: {}", index_path, kMaxIndexBytes,
                                  file.size_bytes()));
  }
  std::string json(file.size_bytes(), '\0');
  WINNOW_RETURN_IF_ERROR(file.Read(0, json.size(), json.data()));
  while (!json.empty() && (json.back() == '\n' || json.back() == '\r')) json.pop_back();
  WINNOW_ASSIGN_OR_RETURN(const ShardIndex index, ParseShardIndex(json, index_path));

  std::vector<std::string> shards;
  for (const ShardIndex::Entry& entry : index.entries) shards.push_back(entry.shard);
  std::sort(shards.begin(), shards.end());
  shards.erase(std::unique(shards.begin(), shards.end()), shards.end());
  for (const std::string& shard : shards) {
    const std::string path = (fs::path(folder) / shard).string();
    WINNOW_RETURN_IF_ERROR(CheckInsideFolder(folder, path));
    WINNOW_ASSIGN_OR_RETURN(SafetensorsFile opened, SafetensorsFile::Open(path));
    files_.push_back(std::make_unique<SafetensorsFile>(std::move(opened)));
  }
  return CheckShards(index);
}

// Each tensor lies once, in the shard that the index names, and total_size is their sum.
Status WeightFiles::CheckShards(const ShardIndex& index) const {
  std::unordered_map<std::string_view, std::string_view> shard_of;
  std::unordered_set<std::string_view> seen;
  for (const ShardIndex::Entry& entry : index.entries) shard_of[entry.tensor] = entry.shard;
  uint64_t total = 0;
  for (const auto& file : files_) {
    const std::string shard = fs::path(file->path()).filename().string();
    total += file->data_bytes();
    for (const TensorInfo& info : file->tensors()) {
      const auto it = shard_of.find(info.name);
      if (it == shard_of.end() || it->second != shard) {
        return InvalidArgument(Format("{}: tensor {} must lie in the shard its index names: {}",
                                      file->path(), info.name,
                                      it == shard_of.end() ? "none" : it->second));
      }
      seen.insert(info.name);  // one shard holds a name once: its header has no duplicate keys
    }
  }
  for (const ShardIndex::Entry& entry : index.entries) {
    if (seen.contains(entry.tensor)) continue;
    return InvalidArgument(
        Format("{}: tensor {} must lie in {}: missing", first_path_, entry.tensor, entry.shard));
  }
  if (total != index.total_size) {
    return InvalidArgument(
        Format("{}: metadata.total_size must be {}, the bytes of all tensors: {}", first_path_,
               total, index.total_size));
  }
  return OkStatus();
}

WeightFiles::Located WeightFiles::Find(std::string_view name) const {
  for (const auto& file : files_) {
    if (const TensorInfo* info = file->Find(name)) return {file.get(), info};
  }
  return {};
}

Status WeightFiles::Check(const ParameterLayout& layout, std::string_view config_dtype) const {
  std::string_view wanted = SafetensorsDtype(config_dtype);
  for (const Parameter& parameter : layout.parameters()) {
    const auto [file, info] = Find(parameter.name);
    const std::vector<uint64_t> shape = ShapeOf(parameter);
    if (info == nullptr) {
      return InvalidArgument(Format("{}: tensor {} of shape {} must be there: missing", first_path_,
                                    parameter.name, ShowShape(shape)));
    }
    if (info->shape != shape) {
      return InvalidArgument(Format("{}: tensor {} must have shape {}: {}", file->path(),
                                    parameter.name, ShowShape(shape), ShowShape(info->shape)));
    }
    if (wanted.empty() && !ConfigDtype(info->dtype).empty()) wanted = info->dtype;
    if (info->dtype != wanted) {
      return InvalidArgument(Format("{}: tensor {} must have dtype {}: {}", file->path(),
                                    parameter.name, wanted.empty() ? "F32, BF16 or F16" : wanted,
                                    info->dtype));
    }
  }
  for (const auto& file : files_) {
    for (const TensorInfo& info : file->tensors()) {
      if (layout.Find(info.name) == nullptr && !IsRedundant(info.name, layout)) {
        return InvalidArgument(
            Format("{}: tensor {} of shape {} must not be there: config.json "
                   "describes no such tensor",
                   file->path(), info.name, ShowShape(info.shape)));
      }
    }
  }
  return OkStatus();
}

template <typename Real>
void WeightFiles::Cut(const Parameter& parameter, Real* out,
                      std::vector<Piece<Real>>* pieces) const {
  const Located located = Find(parameter.name);
  WINNOW_CHECK(located.info != nullptr);
  for (uint64_t first = 0; first < parameter.size; first += kElementsPerRead) {
    pieces->push_back({located, first, std::min<uint64_t>(kElementsPerRead, parameter.size - first),
                       out + first});
  }
}

template <typename Real>
Status WeightFiles::Read(const ParameterLayout& layout, ThreadPool* pool,
                         std::span<Real> out) const {
  WINNOW_CHECK_EQ(out.size(), layout.size());
  std::vector<Piece<Real>> pieces;
  for (const Parameter& parameter : layout.parameters()) {
    Cut(parameter, out.data() + parameter.offset, &pieces);
  }
  return ReadPieces(pieces, pool);
}

template <typename Real>
Status WeightFiles::ReadOne(const Parameter& parameter, ThreadPool* pool,
                            std::span<Real> out) const {
  WINNOW_CHECK_EQ(out.size(), parameter.size);
  std::vector<Piece<Real>> pieces;
  Cut(parameter, out.data(), &pieces);
  return ReadPieces(pieces, pool);
}

template <typename Real>
Status WeightFiles::ReadPieces(const std::vector<Piece<Real>>& pieces, ThreadPool* pool) {
  std::mutex mutex;  // Guards status and failed.
  Status status;
  size_t failed = pieces.size();  // the first piece in name order that failed
  pool->ParallelFor(pieces.size(), 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const Piece<Real>& piece = pieces[i];
      Status read =
          piece.from.file->ReadReals(*piece.from.info, piece.first, piece.count, piece.to);
      if (const std::span values(piece.to, piece.count); read.ok() && !AllFinite<Real>(values)) {
        const auto bad = std::find_if_not(values.begin(), values.end(), IsFinite<Real>);
        read = InvalidArgument(Format("{}: tensor {} must be finite: {} at element {}",
                                      piece.from.file->path(), piece.from.info->name, *bad,
                                      piece.first + static_cast<uint64_t>(bad - values.begin())));
      }
      if (read.ok()) continue;
      const std::lock_guard lock(mutex);
      if (i < failed) {
        failed = i;
        status = std::move(read);
      }
    }
  });
  return status;
}

template Status WeightFiles::Read<float>(const ParameterLayout&, ThreadPool*,
                                         std::span<float>) const;
template Status WeightFiles::Read<double>(const ParameterLayout&, ThreadPool*,
                                          std::span<double>) const;
template Status WeightFiles::ReadOne<float>(const Parameter&, ThreadPool*, std::span<float>) const;
template Status WeightFiles::ReadOne<double>(const Parameter&, ThreadPool*,
                                             std::span<double>) const;

}  // namespace winnow::model
