#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/status.h"

namespace winnow::model {

// One tensor of a safetensors file; begin and end are bytes from the start of the data.
struct TensorInfo {
  std::string name;
  std::string dtype;  // as the file spells it: F32, BF16, F16, I64, …
  std::vector<uint64_t> shape;
  uint64_t begin = 0;
  uint64_t end = 0;
  uint64_t num_elements = 0;
};

// Bytes of an element of a safetensors dtype, 0 if there is no such dtype.
size_t DtypeBytes(std::string_view dtype);

// `[2, 3]`, for messages.
std::string ShowShape(std::span<const uint64_t> shape);

// Reads the JSON header of a safetensors file whose tensor data has `data_bytes` bytes, by the
// rules of reliability.md §5. Returned tensors are ordered by begin; their ranges are exact,
// disjoint and cover the data. Errors: kInvalidArgument, one line that starts with `file`.
Result<std::vector<TensorInfo>> ParseSafetensorsHeader(std::string_view json, uint64_t data_bytes,
                                                       const std::string& file);

// What model.safetensors.index.json says: which shard holds which tensor.
struct ShardIndex {
  struct Entry {
    std::string tensor;
    std::string shard;
  };
  std::vector<Entry> entries;  // in name order
  uint64_t total_size = 0;     // bytes of all tensors
};

// Reads an index by the same rules; shard names match ^[A-Za-z0-9._-]+\.safetensors$.
Result<ShardIndex> ParseShardIndex(std::string_view json, const std::string& file);

// An untrusted safetensors file, read by pread. Thread-safe after Open.
// Errors: kInvalidArgument for a broken rule or a file that ends early, kNotFound without a file.
class SafetensorsFile {
 public:
  static Result<SafetensorsFile> Open(const std::string& path);

  const std::string& path() const { return file_.path(); }
  const std::vector<TensorInfo>& tensors() const { return tensors_; }
  const TensorInfo* Find(std::string_view name) const;  // null if there is no such tensor
  uint64_t data_bytes() const { return file_.size_bytes() - data_begin_; }

  // Raw bytes of elements [first, first + count) into `out`.
  Status ReadRaw(const TensorInfo& tensor, uint64_t first, uint64_t count, void* out) const;
  // The same elements of an F64, F32, BF16 or F16 tensor, converted.
  template <typename Real>
  Status ReadReals(const TensorInfo& tensor, uint64_t first, uint64_t count, Real* out) const;

 private:
  SafetensorsFile(RandomAccessFile file, uint64_t data_begin, std::vector<TensorInfo> tensors);

  RandomAccessFile file_;
  uint64_t data_begin_ = 0;
  std::vector<TensorInfo> tensors_;  // by begin
  std::vector<uint32_t> by_name_;    // indices into tensors_
};

}  // namespace winnow::model
