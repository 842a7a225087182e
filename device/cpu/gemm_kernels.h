#pragma once

#include <cstddef>
#include <cstdint>

#include "device/cpu/kernels.h"

namespace winnow::device {

// GEMM kernels by fused multiply-adds over 16 lanes (columns), one panel of 32 columns at a time;
// cpu.md §1 defines the order of each. Every output has its own accumulator chain over the whole k,
// so a row never depends on how many rows there are, nor on how rows are blocked in registers.
// bf16 kernels expect FTZ and DAZ to be set by the caller.

inline constexpr size_t kPrefetchBytes = 2048;  // ahead in the panel: the stream from memory

template <class L, int R, int V>
static inline void StoreBlock(const L (&acc)[R][V], const GemmArgs<typename L::Real>& g, size_t row,
                              size_t column) {
  for (int r = 0; r < R; ++r) {
    typename L::Real* c = g.c + (row + r) * g.c_stride + column;
    for (int v = 0; v < V; ++v, c += 16) {
      const size_t first = column + static_cast<size_t>(v) * 16;
      if (first >= g.columns) continue;
      const size_t n = g.columns - first;
      if (n >= 16) {
        (g.add ? L::Add(L::Load(c), acc[r][v]) : acc[r][v]).Store(c);
      } else {
        (g.add ? L::Add(L::LoadPartial(c, n), acc[r][v]) : acc[r][v]).StorePartial(c, n);
      }
    }
  }
}

// acc = fma(a_k, b_k, acc), k ascending.
template <typename Real>
struct PlainOrder {
  static constexpr size_t kLeftBytes = sizeof(Real), kRightBytes = sizeof(Real);

  template <class L, int R, int V>
  static inline void Block(const GemmArgs<Real>& g, size_t row, size_t column) {
    const Real* a = static_cast<const Real*>(g.a) + row * g.a_stride;
    const Real* b = static_cast<const Real*>(g.b) + column;
    L acc[R][V];
    for (int r = 0; r < R; ++r)
      for (int v = 0; v < V; ++v) acc[r][v] = L::Zero();
    for (size_t k = 0; k < g.k; ++k, b += kPanelColumns) {
      __builtin_prefetch(reinterpret_cast<const char*>(b) + kPrefetchBytes);
      if constexpr (V == 2)
        __builtin_prefetch(reinterpret_cast<const char*>(b) + kPrefetchBytes + 64);
      L bv[V];
      for (int v = 0; v < V; ++v) bv[v] = L::Load(b + v * 16);
      for (int r = 0; r < R; ++r) {
        const L av = L::Set(a[r * g.a_stride + k]);
        for (int v = 0; v < V; ++v) acc[r][v] = L::Fma(av, bv[v], acc[r][v]);
      }
    }
    StoreBlock<L, R, V>(acc, g, row, column);
  }
};

// Blocks of 32 k: even and odd sums from zero, then acc = acc + (e + o).
struct TileOrder {
  static constexpr size_t kLeftBytes = sizeof(float), kRightBytes = sizeof(uint16_t);

  template <class L, int R, int V>
  static inline void Block(const GemmArgs<float>& g, size_t row, size_t column) {
    const float* a = static_cast<const float*>(g.a) + row * g.a_stride;
    const uint16_t* b = static_cast<const uint16_t*>(g.b) + column * 2;
    L acc[R][V];
    for (int r = 0; r < R; ++r)
      for (int v = 0; v < V; ++v) acc[r][v] = L::Zero();
    for (size_t k = 0; k < g.k; k += 32) {
      L e[R][V], o[R][V];
      for (int r = 0; r < R; ++r)
        for (int v = 0; v < V; ++v) e[r][v] = o[r][v] = L::Zero();
      for (size_t p = 0; p < 32; p += 2, b += 2 * kPanelColumns) {
        __builtin_prefetch(reinterpret_cast<const char*>(b) + kPrefetchBytes);
        if constexpr (V == 2)
          __builtin_prefetch(reinterpret_cast<const char*>(b) + kPrefetchBytes + 64);
        L even[V], odd[V];
        for (int v = 0; v < V; ++v) L::LoadPairs(b + v * 32, &even[v], &odd[v]);
        for (int r = 0; r < R; ++r) {
          const float* ar = a + r * g.a_stride + k + p;
          const L ae = L::Set(ar[0]);
          for (int v = 0; v < V; ++v) e[r][v] = L::Fma(ae, even[v], e[r][v]);
          const L ao = L::Set(ar[1]);
          for (int v = 0; v < V; ++v) o[r][v] = L::Fma(ao, odd[v], o[r][v]);
        }
      }
      for (int r = 0; r < R; ++r)
        for (int v = 0; v < V; ++v) acc[r][v] = L::Add(acc[r][v], L::Add(e[r][v], o[r][v]));
    }
    StoreBlock<L, R, V>(acc, g, row, column);
  }
};

// Pairs ascending: the odd product first, then the even one.
struct PairOrder {
  static constexpr size_t kLeftBytes = sizeof(float), kRightBytes = sizeof(uint16_t);

  template <class L, int R, int V>
  static inline void Block(const GemmArgs<float>& g, size_t row, size_t column) {
    const float* a = static_cast<const float*>(g.a) + row * g.a_stride;
    const uint16_t* b = static_cast<const uint16_t*>(g.b) + column * 2;
    L acc[R][V];
    for (int r = 0; r < R; ++r)
      for (int v = 0; v < V; ++v) acc[r][v] = L::Zero();
    for (size_t k = 0; k < g.k; k += 2, b += 2 * kPanelColumns) {
      __builtin_prefetch(reinterpret_cast<const char*>(b) + kPrefetchBytes);
      if constexpr (V == 2)
        __builtin_prefetch(reinterpret_cast<const char*>(b) + kPrefetchBytes + 64);
      L even[V], odd[V];
      for (int v = 0; v < V; ++v) L::LoadPairs(b + v * 32, &even[v], &odd[v]);
      for (int r = 0; r < R; ++r) {
        const float* ar = a + r * g.a_stride + k;
        const L ao = L::Set(ar[1]);
        for (int v = 0; v < V; ++v) acc[r][v] = L::Fma(ao, odd[v], acc[r][v]);
        const L ae = L::Set(ar[0]);
        for (int v = 0; v < V; ++v) acc[r][v] = L::Fma(ae, even[v], acc[r][v]);
      }
    }
    StoreBlock<L, R, V>(acc, g, row, column);
  }
};

template <class Order, class L, int R, int V>
static inline void LastRows(const GemmArgs<typename L::Real>& g, size_t row, size_t column) {
  if constexpr (R > 0) {
    if (g.rows - row == R) {
      Order::template Block<L, R, V>(g, row, column);
    } else {
      LastRows<Order, L, R - 1, V>(g, row, column);
    }
  }
}

template <class Order, class L, int R, int V>
static void GemmPanel(const GemmArgs<typename L::Real>& g) {
  for (size_t column = 0; column < g.columns; column += 16 * V) {
    size_t row = 0;
    for (; row + R <= g.rows; row += R) Order::template Block<L, R, V>(g, row, column);
    LastRows<Order, L, R - 1, V>(g, row, column);
  }
}

// See GemmKernel::run_blocks. Bytes of an inner index: of a panel row, and of the left operand.
template <class Order, class L, int R, int V>
static void GemmPanelBlocks(const GemmArgs<typename L::Real>& g, const size_t* starts,
                            size_t num_blocks) {
  GemmArgs<typename L::Real> block = g;
  block.add = true;
  for (size_t i = 0; i < num_blocks; ++i) {
    block.a = static_cast<const char*>(g.a) + starts[i] * Order::kLeftBytes;
    block.b = static_cast<const char*>(g.b) + starts[i] * kPanelColumns * Order::kRightBytes;
    block.k = starts[i + 1] - starts[i];
    GemmPanel<Order, L, R, V>(block);
  }
}

}  // namespace winnow::device
