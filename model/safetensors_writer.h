#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace winnow::model {

// A tensor to be written: what the header says of it, and a source of its values.
struct TensorToWrite {
  std::string name;
  std::vector<uint64_t> shape;
  // Fills `out` with elements [first, first + out.size()).
  std::function<void(uint64_t first, std::span<float> out)> values;
};

// Writes tensors as `dtype` (F32, BF16 or F16; values round to nearest even) into `folder`:
// NAME.safetensors, or, beyond `max_shard_bytes` of data, NAME-0000i-of-0000n.safetensors with
// NAME.safetensors.index.json. Every file is synced; the caller syncs and renames the folder.
// Errors: kInvalidArgument for a value that is not finite, or not in the dtype's range.
Status WriteSafetensors(const std::string& folder, const std::string& name, std::string_view dtype,
                        std::span<const TensorToWrite> tensors, uint64_t max_shard_bytes);

}  // namespace winnow::model
