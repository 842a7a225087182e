#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/thread_pool.h"
#include "model/parameters.h"
#include "model/safetensors.h"

namespace winnow::model {

// `F32`, `BF16` or `F16` for `float32`, `bfloat16`, `float16`, and back; empty for another name.
std::string_view SafetensorsDtype(std::string_view config_dtype);
std::string_view ConfigDtype(std::string_view safetensors_dtype);

// The weight files of an untrusted Hugging Face folder: model.safetensors, or the shards named by
// model.safetensors.index.json. Rules of reliability.md §5; no symbolic link leaves the folder.
// Thread-safe after Open. Errors: one line naming the file, and the tensor where one is to blame.
class WeightFiles {
 public:
  // `stem` is `model`, or `adapter_model` in a PEFT folder.
  static Result<WeightFiles> Open(const std::string& folder, const std::string& stem = "model");

  struct Located {
    const SafetensorsFile* file = nullptr;
    const TensorInfo* info = nullptr;
  };
  // Members are null if there is no such tensor.
  Located Find(std::string_view name) const;

  // Requires exactly the tensors of `layout`, with its shapes and `config_dtype` (empty: any of
  // the three, all alike). A tied head and rotary tables that old writers stored are passed over.
  Status Check(const ParameterLayout& layout, std::string_view config_dtype) const;

  // Reads all tensors of `layout` into a flat buffer [layout.size()], over the pool.
  // REQUIRES: Check succeeded. Errors: a NaN or infinity, with the name of its tensor.
  template <typename Real>
  Status Read(const ParameterLayout& layout, ThreadPool* pool, std::span<Real> out) const;
  // The same for one tensor, into [parameter.size].
  template <typename Real>
  Status ReadOne(const Parameter& parameter, ThreadPool* pool, std::span<Real> out) const;

 private:
  // A run of a tensor's elements and where it goes.
  template <typename Real>
  struct Piece {
    Located from;
    uint64_t first, count;
    Real* to;
  };
  template <typename Real>
  void Cut(const Parameter& parameter, Real* out, std::vector<Piece<Real>>* pieces) const;
  template <typename Real>
  static Status ReadPieces(const std::vector<Piece<Real>>& pieces, ThreadPool* pool);
  Status OpenShards(const std::string& folder, const std::string& index_path);
  Status CheckShards(const ShardIndex& index) const;

  std::vector<std::unique_ptr<SafetensorsFile>> files_;
  std::string first_path_;  // the file a missing tensor is reported for
};

}  // namespace winnow::model
