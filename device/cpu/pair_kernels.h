#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "device/cpu/gemm_kernels.h"

namespace winnow::device {

// GEMM kernel of bf16_pair over an instruction that adds one pair of products: `Dot` is the thin
// layer, VdpDot (kernels_avx512_bf16.cc) or PlainPairDot (stand_in.h). Left operand [rows, k] bf16.
template <class Dot>
struct PairInstructionOrder {
  static constexpr size_t kLeftBytes = sizeof(uint16_t), kRightBytes = sizeof(uint16_t);

  template <class L, int R, int V>
  static inline void Block(const GemmArgs<float>& g, size_t row, size_t column) {
    const uint16_t* a = static_cast<const uint16_t*>(g.a) + row * g.a_stride;
    const uint16_t* b = static_cast<const uint16_t*>(g.b) + column * 2;
    L acc[R][V];
    for (int r = 0; r < R; ++r)
      for (int v = 0; v < V; ++v) acc[r][v] = L::Zero();
    for (size_t k = 0; k < g.k; k += 2, b += 2 * kPanelColumns) {
      __builtin_prefetch(reinterpret_cast<const char*>(b) + kPrefetchBytes);
      if constexpr (V == 2)
        __builtin_prefetch(reinterpret_cast<const char*>(b) + kPrefetchBytes + 64);
      typename Dot::Pairs bv[V];
      for (int v = 0; v < V; ++v) bv[v] = Dot::Load(b + v * 32);
      for (int r = 0; r < R; ++r) {
        const typename Dot::Pairs av = Dot::Broadcast(a + r * g.a_stride + k);
        for (int v = 0; v < V; ++v) acc[r][v] = Dot::Add(acc[r][v], av, bv[v]);
      }
    }
    StoreBlock<L, R, V>(acc, g, row, column);
  }
};

}  // namespace winnow::device
