#include "model/safetensors_writer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/file.h"
#include "base/format.h"
#include "device/bf16.h"
#include "model/float16.h"
#include "model/safetensors.h"

namespace winnow::model {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t kElementsPerWrite = 1 << 18;
constexpr size_t kHeaderAlignment = 8;

uint64_t ElementsOf(const TensorToWrite& tensor) {
  uint64_t count = 1;
  for (const uint64_t extent : tensor.shape) count *= extent;
  return count;
}

// The length and the JSON header, padded with spaces so that the data begins aligned.
std::string HeaderOf(std::string_view dtype, std::span<const TensorToWrite> tensors) {
  Json header;
  header["__metadata__"] = {{"format", "pt"}};
  uint64_t offset = 0;
  for (const TensorToWrite& tensor : tensors) {
    const uint64_t bytes = ElementsOf(tensor) * DtypeBytes(dtype);
    header[tensor.name] = {
        {"dtype", dtype}, {"shape", tensor.shape}, {"data_offsets", {offset, offset + bytes}}};
    offset += bytes;
  }
  std::string json = header.dump();
  json.resize((json.size() + kHeaderAlignment - 1) / kHeaderAlignment * kHeaderAlignment, ' ');
  std::string out(8, '\0');
  for (size_t i = 0; i < 8; ++i) out[i] = static_cast<char>(json.size() >> (8 * i) & 0xff);
  return out + json;
}

// Rounds values to the dtype. False at a value that the dtype cannot hold.
bool Encode(std::string_view dtype, std::span<const float> values, std::string* bytes) {
  bytes->resize(values.size() * DtypeBytes(dtype));
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) return false;
    if (dtype == "F32") {
      std::memcpy(bytes->data() + 4 * i, &values[i], 4);
      continue;
    }
    const bool bf16 = dtype == "BF16";
    const uint16_t stored = bf16 ? device::Bf16FromFloat(values[i]) : F16FromFloat(values[i]);
    if (!std::isfinite(bf16 ? device::FloatFromBf16(stored) : FloatFromF16(stored))) return false;
    std::memcpy(bytes->data() + 2 * i, &stored, 2);
  }
  return true;
}

Status WriteFile(const std::string& path, std::string_view dtype,
                 std::span<const TensorToWrite> tensors) {
  WINNOW_ASSIGN_OR_RETURN(WritableFile file, WritableFile::Create(path));
  WINNOW_RETURN_IF_ERROR(file.Write(HeaderOf(dtype, tensors)));
  std::vector<float> values;
  std::string bytes;
  for (const TensorToWrite& tensor : tensors) {
    const uint64_t count = ElementsOf(tensor);
    for (uint64_t first = 0; first < count; first += kElementsPerWrite) {
      values.resize(std::min(kElementsPerWrite, count - first));
      tensor.values(first, values);
      if (!Encode(dtype, values, &bytes)) {
        return InvalidArgument(Format("{}: tensor {} must be finite and in the range of {}", path,
                                      tensor.name, dtype));
      }
      WINNOW_RETURN_IF_ERROR(file.Write(bytes));
    }
  }
  return file.Sync();
}

// Ends of the shards: as many tensors each as fit, at least one.
std::vector<size_t> SplitIntoShards(std::string_view dtype, std::span<const TensorToWrite> tensors,
                                    uint64_t max_bytes) {
  std::vector<size_t> ends;
  uint64_t bytes = 0;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const uint64_t size = ElementsOf(tensors[i]) * DtypeBytes(dtype);
    if (bytes > 0 && bytes + size > max_bytes) {
      ends.push_back(i);
      bytes = 0;
    }
    bytes += size;
  }
  ends.push_back(tensors.size());
  return ends;
}

}  // namespace

Status WriteSafetensors(const std::string& folder, const std::string& name, std::string_view dtype,
                        std::span<const TensorToWrite> tensors, uint64_t max_shard_bytes) {
  WINNOW_CHECK(dtype == "F32" || dtype == "BF16" || dtype == "F16");
  const auto path = [&](const std::string& file) {
    return (std::filesystem::path(folder) / file).string();
  };
  const std::vector<size_t> ends = SplitIntoShards(dtype, tensors, max_shard_bytes);
  if (ends.size() == 1) return WriteFile(path(name + ".safetensors"), dtype, tensors);

  Json index;
  uint64_t total = 0;
  for (const TensorToWrite& tensor : tensors) total += ElementsOf(tensor) * DtypeBytes(dtype);
  index["metadata"] = {{"total_size", total}};
  size_t begin = 0;
  for (size_t shard = 0; shard < ends.size(); ++shard) {
    const std::string file = Format("{}-{:05}-of-{:05}.safetensors", name, shard + 1, ends.size());
    const auto part = tensors.subspan(begin, ends[shard] - begin);
    WINNOW_RETURN_IF_ERROR(WriteFile(path(file), dtype, part));
    for (const TensorToWrite& tensor : part) index["weight_map"][tensor.name] = file;
    begin = ends[shard];
  }
  WINNOW_ASSIGN_OR_RETURN(WritableFile file,
                          WritableFile::Create(path(name + ".safetensors.index.json")));
  WINNOW_RETURN_IF_ERROR(file.Write(index.dump(2)));
  return file.Sync();
}

}  // namespace winnow::model
