#pragma once

#include <cstddef>
#include <cstdint>

#include "device/cpu/kernels.h"

namespace winnow::device {

// GEMM kernels of bf16_tile over tile registers. `Tiles` is the thin layer between them and the
// instructions: AmxTiles (kernels_amx.cc) or PlainTiles (stand_in.h). L adds and copies results.
//
// Left operands are in tiles of 16 rows x 32 inner indices, [rows / 16][k / 32][16][32] bf16, so
// that a tile is 1 KiB in one piece; right operands are panels [k / 2][32][2], of which a tile
// takes 16 pairs of rows and 16 columns. FTZ and DAZ are part of the instruction.
inline constexpr size_t kTileRowBytes = 64;  // a row of a left tile
inline constexpr size_t kPanelPairBytes = 2 * 2 * kPanelColumns;
inline constexpr size_t kPanelStep = 32 * kPanelColumns;  // bf16 of a panel in 32 inner indices

template <class Tiles, class L>
struct TileKernels {
  // c [rows <= 16 or 32, 32 columns] from a temporary [32][32].
  static inline void CopyOut(const float* from, const GemmArgs<float>& g, size_t row, size_t rows) {
    for (size_t r = 0; r < rows; ++r) {
      float* const c = g.c + (row + r) * g.c_stride;
      for (size_t column = 0; column < g.columns; column += 16) {
        const size_t n = g.columns - column;
        const L v = L::Load(from + r * kPanelColumns + column);
        if (n >= 16) {
          (g.add ? L::Add(L::Load(c + column), v) : v).Store(c + column);
        } else {
          (g.add ? L::Add(L::LoadPartial(c + column, n), v) : v).StorePartial(c + column, n);
        }
      }
    }
  }

  // Rows [row, row + 16 · kRowTiles) against the whole panel.
  template <int kRowTiles, bool kPrefetch>
  static inline void Block(const GemmArgs<float>& g, size_t row) {
    const size_t steps = g.k / 32;
    const uint16_t* a = static_cast<const uint16_t*>(g.a) + row / 16 * g.a_stride;
    const uint16_t* b = static_cast<const uint16_t*>(g.b);
    Tiles::template Zero<0>();
    Tiles::template Zero<1>();
    if constexpr (kRowTiles == 2) {
      Tiles::template Zero<2>();
      Tiles::template Zero<3>();
    }
    for (size_t s = 0; s < steps; ++s, a += kTileElements, b += kPanelStep) {
      if constexpr (kPrefetch) {
        const char* const ahead = reinterpret_cast<const char*>(b + kPanelStep);
        for (size_t line = 0; line < 2 * kPanelStep; line += 64) __builtin_prefetch(ahead + line);
      }
      Tiles::template Load<4>(a, kTileRowBytes);
      Tiles::template Load<6>(b, kPanelPairBytes);
      Tiles::template Dot<0, 4, 6>();
      Tiles::template Load<7>(b + 32, kPanelPairBytes);
      Tiles::template Dot<1, 4, 7>();
      if constexpr (kRowTiles == 2) {
        Tiles::template Load<5>(a + g.a_stride, kTileRowBytes);
        Tiles::template Dot<2, 5, 6>();
        Tiles::template Dot<3, 5, 7>();
      }
    }
    const size_t rows = g.rows - row < 16 * kRowTiles ? g.rows - row : 16 * kRowTiles;
    if (rows == 16 * kRowTiles && g.columns == kPanelColumns && !g.add) {
      float* const c = g.c + row * g.c_stride;
      StoreTiles<kRowTiles>(c, g.c_stride);
    } else {
      alignas(64) float temporary[32 * kPanelColumns];
      StoreTiles<kRowTiles>(temporary, kPanelColumns);
      CopyOut(temporary, g, row, rows);
    }
  }

  template <int kRowTiles>
  static inline void StoreTiles(float* c, size_t stride) {
    Tiles::template Store<0>(c, stride * sizeof(float));
    Tiles::template Store<1>(c + 16, stride * sizeof(float));
    if constexpr (kRowTiles == 2) {
      Tiles::template Store<2>(c + 16 * stride, stride * sizeof(float));
      Tiles::template Store<3>(c + 16 * stride + 16, stride * sizeof(float));
    }
  }

  static void Panel(const GemmArgs<float>& g) {
    if (g.rows <= 16) {
      Block<1, true>(g, 0);
      return;
    }
    Block<2, true>(g, 0);
    size_t row = 32;
    for (; row + 16 < g.rows; row += 32) Block<2, false>(g, row);
    if (row < g.rows) Block<1, false>(g, row);
  }

  // Adds the products of up to four blocks of inner indices to 16 x 16 results kept in registers;
  // each block's product is made from zero.
  static void PanelBlocks(const GemmArgs<float>& g, const size_t* starts, size_t num_blocks) {
    for (size_t row = 0; row < g.rows; row += 16) {
      for (size_t column = 0; column < g.columns; column += 16)
        AddBlocks(g, row, column, starts, num_blocks);
    }
  }

  static inline void AddBlocks(const GemmArgs<float>& g, size_t row, size_t column,
                               const size_t* starts, size_t num_blocks) {
    const size_t rows = g.rows - row < 16 ? g.rows - row : 16;
    const size_t columns = g.columns - column < 16 ? g.columns - column : 16;
    const uint16_t* const a = static_cast<const uint16_t*>(g.a) + row / 16 * g.a_stride;
    const uint16_t* const b = static_cast<const uint16_t*>(g.b) + 2 * column;
    float* const c = g.c + row * g.c_stride + column;
    L sum[16];
    for (size_t r = 0; r < 16; ++r) {
      sum[r] = r >= rows       ? L::Zero()
               : columns == 16 ? L::Load(c + r * g.c_stride)
                               : L::LoadPartial(c + r * g.c_stride, columns);
    }
    alignas(64) float products[4][256];
    for (size_t first = 0; first < num_blocks; first += 4) {
      const size_t count = num_blocks - first < 4 ? num_blocks - first : 4;
      Product<0>(a, b, starts + first, products[0]);
      if (count > 1) Product<1>(a, b, starts + first + 1, products[1]);
      if (count > 2) Product<2>(a, b, starts + first + 2, products[2]);
      if (count > 3) Product<3>(a, b, starts + first + 3, products[3]);
      for (size_t i = 0; i < count; ++i) {
        for (size_t r = 0; r < 16; ++r) sum[r] = L::Add(sum[r], L::Load(products[i] + 16 * r));
      }
    }
    for (size_t r = 0; r < rows; ++r) {
      if (columns == 16) {
        sum[r].Store(c + r * g.c_stride);
      } else {
        sum[r].StorePartial(c + r * g.c_stride, columns);
      }
    }
  }

  // One block's product, inner indices [starts[0], starts[1]).
  template <int kTile>
  static inline void Product(const uint16_t* a, const uint16_t* b, const size_t* starts,
                             float* out) {
    Tiles::template Zero<kTile>();
    for (size_t s = starts[0] / 32; s < starts[1] / 32; ++s) {
      Tiles::template Load<4 + kTile % 2>(a + s * kTileElements, kTileRowBytes);
      Tiles::template Load<6 + kTile % 2>(b + s * kPanelStep, kPanelPairBytes);
      Tiles::template Dot<kTile, 4 + kTile % 2, 6 + kTile % 2>();
    }
    Tiles::template Store<kTile>(out, 16 * sizeof(float));
  }
};

}  // namespace winnow::device
