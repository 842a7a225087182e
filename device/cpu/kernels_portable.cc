#include "device/cpu/kernels.h"
#include "device/cpu/lanes_generic.h"
#include "device/cpu/pair_kernels.h"
#include "device/cpu/stand_in.h"
#include "device/cpu/table.h"
#include "device/cpu/tile_kernels.h"

namespace winnow::device {
namespace {

struct PortableTag {};

}  // namespace

size_t AttentionScratch(const AttentionShape& shape, size_t rows, size_t keys) {
  const size_t padded = RoundUp(shape.head_dim, 16);
  const size_t queries = rows * (shape.heads / shape.kv_heads);
  return 2 * (queries + kKeyGroup) * padded +
         queries * (RoundUp(keys + kKeyGroup - 1, kKeyGroup) + 2);
}

size_t AttentionGradientScratch(const AttentionShape& shape, size_t keys) {
  const size_t padded = RoundUp(shape.head_dim, 16);
  return (5 * RoundUp(keys, kKeyGroup) + 3 * kQueryTile) * padded + 2 * kQueryTile * kKeyGroup;
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

const GemmKernel<float>& StandInTileKernel() {
  using Tiles = TileKernels<PlainTiles, GenericLanes<float, PortableTag>>;
  static constexpr GemmKernel<float> kKernel = {.name = "amx stand-in",
                                                .run = &Tiles::Panel,
                                                .run_blocks = &Tiles::PanelBlocks,
                                                .left = LeftLayout::kBf16Tiles};
  return kKernel;
}

const GemmKernel<float>& StandInPairKernel() {
  using L = GenericLanes<float, PortableTag>;
  using Order = PairInstructionOrder<PlainPairDot<L>>;
  static constexpr GemmKernel<float> kKernel = {.name = "vdpbf16ps stand-in",
                                                .run = &GemmPanel<Order, L, 12, 2>,
                                                .run_blocks = &GemmPanelBlocks<Order, L, 12, 2>,
                                                .left = LeftLayout::kBf16Rows};
  return kKernel;
}

}  // namespace winnow::device
