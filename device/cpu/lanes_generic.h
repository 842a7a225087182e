#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "device/bf16.h"
#include "device/math.h"

namespace winnow::device {

// Sixteen virtual lanes of Real in plain C++: the definition that the vector versions
// (lanes_avx2.h, lanes_avx512.h) equal bit for bit, and the type of the float64 reference.
// `Tag` is one type for each file that includes this: files are compiled for other instruction
// sets, and the linker must not merge their instances.
//
// Reductions use one tree: lane l takes l + 8, then l + 4, l + 2, l + 1.
template <typename RealType, typename Tag>
struct GenericLanes {
  using Real = RealType;
  static constexpr size_t kLanes = 16;
  // Rows and 16-column vectors of accumulators that a GEMM block keeps.
  static constexpr int kRowsF32 = 2, kVectorsF32 = 1;
  static constexpr int kRowsTile = 2, kVectorsTile = 1;
  static constexpr int kRowsPair = 2, kVectorsPair = 1;
  // Rows of a block of dot products, vectors of a block of weighted sums.
  static constexpr int kDotRows = 1, kWeightedVectors = 1;

  Real v[16];

  template <typename F>
  static GenericLanes Make(F f) {
    GenericLanes r;
    for (size_t l = 0; l < 16; ++l) r.v[l] = f(l);
    return r;
  }
  static GenericLanes Zero() { return Set(0); }
  static GenericLanes Set(Real x) {
    return Make([&](size_t) { return x; });
  }
  static GenericLanes Load(const Real* p) {
    return Make([&](size_t l) { return p[l]; });
  }
  // Lanes >= n are 0.
  static GenericLanes LoadPartial(const Real* p, size_t n) {
    return Make([&](size_t l) { return l < n ? p[l] : Real{0}; });
  }
  static GenericLanes LoadBf16(const uint16_t* p) {
    return Make([&](size_t l) { return static_cast<Real>(FloatFromBf16(p[l])); });
  }
  static GenericLanes LoadBf16Partial(const uint16_t* p, size_t n) {
    return Make([&](size_t l) { return l < n ? static_cast<Real>(FloatFromBf16(p[l])) : Real{0}; });
  }
  // 16 pairs (even, odd) of bf16.
  static void LoadPairs(const uint16_t* p, GenericLanes* even, GenericLanes* odd) {
    *even = Make([&](size_t l) { return static_cast<Real>(FloatFromBf16(p[2 * l])); });
    *odd = Make([&](size_t l) { return static_cast<Real>(FloatFromBf16(p[2 * l + 1])); });
  }
  // 16 rows of 32 elements, `stride` apart, become out [32, 16].
  static void TransposeBf16(const uint16_t* rows, size_t stride, Real* out) {
    for (size_t d = 0; d < 32; ++d) {
      Make([&](size_t l) {
        return static_cast<Real>(FloatFromBf16(rows[l * stride + d]));
      }).Store(out + d * 16);
    }
  }
  void Store(Real* p) const {
    for (size_t l = 0; l < 16; ++l) p[l] = v[l];
  }
  void StorePartial(Real* p, size_t n) const {
    for (size_t l = 0; l < n; ++l) p[l] = v[l];
  }
  void StoreBf16(uint16_t* p) const {
    for (size_t l = 0; l < 16; ++l) p[l] = Bf16FromFloat(static_cast<float>(v[l]));
  }
  GenericLanes RoundBf16() const {
    return Make([&](size_t l) { return static_cast<Real>(RoundToBf16(static_cast<float>(v[l]))); });
  }
  // 16 pairs (even, odd) of bf16.
  static void StorePairs(const GenericLanes& even, const GenericLanes& odd, uint16_t* p) {
    for (size_t l = 0; l < 16; ++l) {
      p[2 * l] = Bf16FromFloat(static_cast<float>(even.v[l]));
      p[2 * l + 1] = Bf16FromFloat(static_cast<float>(odd.v[l]));
    }
  }
  static GenericLanes Add(const GenericLanes& a, const GenericLanes& b) {
    return Make([&](size_t l) { return a.v[l] + b.v[l]; });
  }
  static GenericLanes Sub(const GenericLanes& a, const GenericLanes& b) {
    return Make([&](size_t l) { return a.v[l] - b.v[l]; });
  }
  static GenericLanes Mul(const GenericLanes& a, const GenericLanes& b) {
    return Make([&](size_t l) { return a.v[l] * b.v[l]; });
  }
  static GenericLanes Div(const GenericLanes& a, const GenericLanes& b) {
    return Make([&](size_t l) { return a.v[l] / b.v[l]; });
  }
  static Real Fma1(Real a, Real b, Real c) {
    if constexpr (std::is_same_v<Real, float>) {
      return __builtin_fmaf(a, b, c);
    } else {
      return __builtin_fma(a, b, c);
    }
  }
  // a b + c
  static GenericLanes Fma(const GenericLanes& a, const GenericLanes& b, const GenericLanes& c) {
    return Make([&](size_t l) { return Fma1(a.v[l], b.v[l], c.v[l]); });
  }
  // a > b ? a : b, so a NaN in b stays.
  static GenericLanes Max(const GenericLanes& a, const GenericLanes& b) {
    return Make([&](size_t l) { return a.v[l] > b.v[l] ? a.v[l] : b.v[l]; });
  }
  // Lanes < n of a, the others of b.
  static GenericLanes First(size_t n, const GenericLanes& a, const GenericLanes& b) {
    return Make([&](size_t l) { return l < n ? a.v[l] : b.v[l]; });
  }
  static Real Exp1(Real x) {
    if constexpr (std::is_same_v<Real, float>) {
      return ExpF32(x);
    } else {
      return ::exp(x);
    }
  }
  static GenericLanes Exp(const GenericLanes& x) {
    return Make([&](size_t l) { return Exp1(x.v[l]); });
  }
  // To whole numbers, halves to even.
  static GenericLanes RoundEven(const GenericLanes& x) {
    return Make([&](size_t l) {
      if constexpr (std::is_same_v<Real, float>) {
        return __builtin_rintf(x.v[l]);
      } else {
        return __builtin_rint(x.v[l]);
      }
    });
  }
  // Σ of whole numbers over calls and lanes in double: exact, in any order, below 2^53.
  struct WholeSum {
    double v = 0;
    void Add(const GenericLanes& x) {
      for (size_t l = 0; l < 16; ++l) v += static_cast<double>(x.v[l]);
    }
    double Total() const { return v; }
  };
  Real SumTree() const {
    Real t[16];
    for (size_t l = 0; l < 16; ++l) t[l] = v[l];
    for (size_t width = 8; width >= 1; width /= 2) {
      for (size_t l = 0; l < width; ++l) t[l] = t[l] + t[l + width];
    }
    return t[0];
  }
  Real MaxTree() const {
    Real t[16];
    for (size_t l = 0; l < 16; ++l) t[l] = v[l];
    for (size_t width = 8; width >= 1; width /= 2) {
      for (size_t l = 0; l < width; ++l) t[l] = t[l] > t[l + width] ? t[l] : t[l + width];
    }
    return t[0];
  }
  // Lane i of the result is rows[i].SumTree().
  static GenericLanes SumTrees(const GenericLanes* rows) {
    return Make([&](size_t l) { return rows[l].SumTree(); });
  }
  // Sixteen rows become sixteen columns.
  static void Transpose(GenericLanes* rows) {
    for (size_t i = 0; i < 16; ++i) {
      for (size_t j = 0; j < i; ++j) {
        const Real x = rows[i].v[j];
        rows[i].v[j] = rows[j].v[i];
        rows[j].v[i] = x;
      }
    }
  }
};

}  // namespace winnow::device
