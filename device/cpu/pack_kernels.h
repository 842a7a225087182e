#pragma once

#include <cstddef>
#include <cstdint>

#include "device/cpu/kernels.h"

namespace winnow::device {

// Lays out the operands of GEMMs: panels of 32 columns, and transposed left operands. Values are
// rounded to bf16 or copied, so every instruction set gives the same bits. Sixteen by sixteen
// blocks are transposed in registers.
template <class L>
struct Packing {
  using Real = typename L::Real;

  // How an element is stored: bf16, bf16's value as Real, or Real.
  struct AsBf16 {
    using Element = uint16_t;
    static void Store(const L& v, Element* p) { v.StoreBf16(p); }
  };
  struct AsRounded {
    using Element = Real;
    static void Store(const L& v, Element* p) { v.RoundBf16().Store(p); }
  };
  struct AsReal {
    using Element = Real;
    static void Store(const L& v, Element* p) { v.Store(p); }
  };

  static inline L LoadCut(const Real* p, size_t n) {
    if (n >= 16) return L::Load(p);
    return n == 0 ? L::Zero() : L::LoadPartial(p, n);
  }
  static inline size_t Left(size_t at, size_t n) { return at < n ? n - at : 0; }

  // rows[i] = 16 columns from `column` of row `row + i` of x, zero outside [rows, columns].
  static inline void LoadBlock(const Real* x, size_t stride, size_t row, size_t rows, size_t column,
                               size_t columns, L* block) {
    const size_t width = Left(column, columns);
    for (size_t i = 0; i < 16; ++i)
      block[i] = row + i < rows ? LoadCut(x + (row + i) * stride + column, width) : L::Zero();
  }

  // Weight rows to a panel: element (i, c) = w[c, i], c < columns <= 32, i < inner.
  static void PackRowsBf16(const Real* w, size_t stride, size_t columns, size_t inner,
                           size_t padded, void* out) {
    uint16_t* const to = static_cast<uint16_t*>(out);
    L block[16];
    for (size_t i = 0; i < padded; i += 16) {
      for (size_t c = 0; c < kPanelColumns; c += 16) {
        LoadBlock(w, stride, c, columns, i, inner, block);
        L::Transpose(block);
        for (size_t p = 0; p < 16 && i + p < padded; p += 2)
          L::StorePairs(block[p], block[p + 1], to + (i + p) * kPanelColumns + 2 * c);
      }
    }
  }
  static void PackRowsReal(const Real* w, size_t stride, size_t columns, size_t inner,
                           size_t padded, void* out) {
    Real* const to = static_cast<Real*>(out);
    L block[16];
    for (size_t i = 0; i < padded; i += 16) {
      for (size_t c = 0; c < kPanelColumns; c += 16) {
        LoadBlock(w, stride, c, columns, i, inner, block);
        L::Transpose(block);
        for (size_t p = 0; p < 16 && i + p < padded; ++p)
          block[p].Store(to + (i + p) * kPanelColumns + c);
      }
    }
  }

  // Rows of x to a panel: element (i, c) = x[i, c], c < columns <= 32, i < inner.
  static void PackColumnsBf16(const Real* x, size_t stride, size_t columns, size_t inner,
                              size_t padded, void* out) {
    uint16_t* const to = static_cast<uint16_t*>(out);
    for (size_t i = 0; i < padded; i += 2) {
      for (size_t c = 0; c < kPanelColumns; c += 16) {
        const size_t width = Left(c, columns);
        const L even = i < inner ? LoadCut(x + i * stride + c, width) : L::Zero();
        const L odd = i + 1 < inner ? LoadCut(x + (i + 1) * stride + c, width) : L::Zero();
        L::StorePairs(even, odd, to + i * kPanelColumns + 2 * c);
      }
    }
  }
  static void PackColumnsReal(const Real* x, size_t stride, size_t columns, size_t inner,
                              size_t padded, void* out) {
    Real* const to = static_cast<Real*>(out);
    for (size_t i = 0; i < padded; ++i) {
      for (size_t c = 0; c < kPanelColumns; c += 16) {
        const L v = i < inner ? LoadCut(x + i * stride + c, Left(c, columns)) : L::Zero();
        v.Store(to + i * kPanelColumns + c);
      }
    }
  }

  // out[c, t] = x[t, c] for c < columns <= 16 and t < rows, zero for t up to `padded`. Pieces of
  // 32 t lie `piece_stride` apart.
  template <class As>
  static void Transpose(const Real* x, size_t stride, size_t columns, size_t rows, size_t padded,
                        size_t out_stride, size_t piece_stride, void* out) {
    using Element = typename As::Element;
    Element* const to = static_cast<Element*>(out);
    L block[16];
    for (size_t t = 0; t < padded; t += 16) {
      LoadBlock(x, stride, t, rows, 0, columns, block);
      L::Transpose(block);
      for (size_t c = 0; c < columns; ++c) {
        Element* const at = to + c * out_stride + t / 32 * piece_stride + t % 32;
        if (t + 16 <= padded) {
          As::Store(block[c], at);
        } else {
          Element last[16];
          As::Store(block[c], last);
          for (size_t i = 0; t + i < padded; ++i) at[i] = last[i];
        }
      }
    }
  }
};

}  // namespace winnow::device
