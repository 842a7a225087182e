#include "device/cpu/kernels.h"
#include "device/cpu/lanes_generic.h"
#include "device/cpu/table.h"

namespace winnow::device {
namespace {

struct PortableTag {};

}  // namespace

size_t AttentionScratch(const AttentionShape& shape, size_t rows, size_t most_keys) {
  const size_t padded = RoundUp(shape.head_dim, 16);
  const size_t queries = rows * (shape.heads / shape.kv_heads);
  return (2 * queries + kKeyGroup) * padded + queries * RoundUp(most_keys, kKeyGroup);
}

size_t AttentionGradientScratch(const AttentionShape& shape, size_t rows) {
  const size_t padded = RoundUp(shape.head_dim, 16);
  return 4 * RoundUp(rows, kKeyGroup) * padded + 3 * kQueryTile * padded +
         2 * kQueryTile * kKeyGroup;
}

const Kernels<float>& PortableKernels() {
  static constexpr Kernels<float> kTable =
      MakeFloatTable<GenericLanes<float, PortableTag>>("portable", "portable fma");
  return kTable;
}

const Kernels<double>& ReferenceKernels() {
  static constexpr Kernels<double> kTable =
      MakeTable<GenericLanes<double, PortableTag>>("reference", "portable fma f64");
  return kTable;
}

}  // namespace winnow::device
