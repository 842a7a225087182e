#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace winnow::device {

// Sixteen lanes in one AVX-512 register; the contract is GenericLanes's. Include only from files
// compiled for AVX-512 (F, BW, DQ, VL) and FMA.
struct Avx512Lanes {
  using Real = float;
  static constexpr int kRowsF32 = 12, kVectorsF32 = 2;
  static constexpr int kRowsTile = 4, kVectorsTile = 2;
  static constexpr int kRowsPair = 12, kVectorsPair = 2;
  static constexpr int kDotRows = 4, kWeightedVectors = 4;

  __m512 v;

  static __mmask16 Mask(size_t n) { return static_cast<__mmask16>((1u << n) - 1); }
  static Avx512Lanes Zero() { return {_mm512_setzero_ps()}; }
  static Avx512Lanes Set(float x) { return {_mm512_set1_ps(x)}; }
  static Avx512Lanes Load(const float* p) { return {_mm512_loadu_ps(p)}; }
  static Avx512Lanes LoadPartial(const float* p, size_t n) {
    return {_mm512_maskz_loadu_ps(Mask(n), p)};
  }
  static Avx512Lanes FromBf16(__m256i x) {
    return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(x), 16))};
  }
  static Avx512Lanes LoadBf16(const uint16_t* p) {
    return FromBf16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static Avx512Lanes LoadBf16Partial(const uint16_t* p, size_t n) {
    return FromBf16(_mm256_maskz_loadu_epi16(Mask(n), p));
  }
  static void LoadPairs(const uint16_t* p, Avx512Lanes* even, Avx512Lanes* odd) {
    const __m512i x = _mm512_loadu_si512(p);
    even->v = _mm512_castsi512_ps(_mm512_slli_epi32(x, 16));
    odd->v = _mm512_castsi512_ps(_mm512_and_si512(x, _mm512_set1_epi32(-65536)));
  }
  // Pairs of dimensions move as one.
  static void TransposeBf16(const uint16_t* rows, size_t stride, float* out) {
    Avx512Lanes pairs[16];
    for (int j = 0; j < 16; ++j)
      pairs[j].v = _mm512_castsi512_ps(_mm512_loadu_si512(rows + static_cast<size_t>(j) * stride));
    Transpose(pairs);
    for (int p = 0; p < 16; ++p) {
      const __m512i x = _mm512_castps_si512(pairs[p].v);
      _mm512_storeu_si512(out + 32 * p, _mm512_slli_epi32(x, 16));
      _mm512_storeu_si512(out + 32 * p + 16, _mm512_and_si512(x, _mm512_set1_epi32(-65536)));
    }
  }
  void Store(float* p) const { _mm512_storeu_ps(p, v); }
  void StorePartial(float* p, size_t n) const { _mm512_mask_storeu_ps(p, Mask(n), v); }
  // Upper halves rounded to nearest even; NaN stays a quiet NaN.
  __m512i RoundedBits() const {
    const __m512i bits = _mm512_castps_si512(v);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const __m512i rounded =
        _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
    const __mmask16 nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
    return _mm512_mask_or_epi32(rounded, nan, bits, _mm512_set1_epi32(0x400000));
  }
  void StoreBf16(uint16_t* p) const {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p),
                        _mm512_cvtepi32_epi16(_mm512_srli_epi32(RoundedBits(), 16)));
  }
  Avx512Lanes RoundBf16() const {
    return {_mm512_castsi512_ps(_mm512_and_si512(RoundedBits(), _mm512_set1_epi32(-65536)))};
  }
  // 16 pairs (even, odd) of bf16.
  static void StorePairs(const Avx512Lanes& even, const Avx512Lanes& odd, uint16_t* p) {
    const __m512i low = _mm512_srli_epi32(even.RoundedBits(), 16);
    const __m512i high = _mm512_and_si512(odd.RoundedBits(), _mm512_set1_epi32(-65536));
    _mm512_storeu_si512(p, _mm512_or_si512(low, high));
  }
  static Avx512Lanes Add(Avx512Lanes a, Avx512Lanes b) { return {_mm512_add_ps(a.v, b.v)}; }
  static Avx512Lanes Sub(Avx512Lanes a, Avx512Lanes b) { return {_mm512_sub_ps(a.v, b.v)}; }
  static Avx512Lanes Mul(Avx512Lanes a, Avx512Lanes b) { return {_mm512_mul_ps(a.v, b.v)}; }
  static Avx512Lanes Div(Avx512Lanes a, Avx512Lanes b) { return {_mm512_div_ps(a.v, b.v)}; }
  static Avx512Lanes Fma(Avx512Lanes a, Avx512Lanes b, Avx512Lanes c) {
    return {_mm512_fmadd_ps(a.v, b.v, c.v)};
  }
  static Avx512Lanes Max(Avx512Lanes a, Avx512Lanes b) { return {_mm512_max_ps(a.v, b.v)}; }
  static Avx512Lanes First(size_t n, Avx512Lanes a, Avx512Lanes b) {
    return {_mm512_mask_mov_ps(b.v, Mask(n), a.v)};
  }

  // Step by step as ExpF32 (device/math.h).
  static Avx512Lanes Exp(Avx512Lanes x) {
    const __m512 magic = _mm512_set1_ps(12582912.0f);
    const __m512 clamped =
        _mm512_min_ps(_mm512_set1_ps(89.0f), _mm512_max_ps(_mm512_set1_ps(-104.0f), x.v));
    const __m512 t = _mm512_fmadd_ps(clamped, _mm512_set1_ps(1.44269504f), magic);
    const __m512 n = _mm512_sub_ps(t, magic);
    __m512 r = _mm512_fmadd_ps(n, _mm512_set1_ps(-0.693359375f), clamped);
    r = _mm512_fmadd_ps(n, _mm512_set1_ps(2.12194440e-4f), r);
    __m512 p = _mm512_set1_ps(1.9875691500e-4f);
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.3981999507e-3f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(8.3334519073e-3f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(4.1665795894e-2f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.6666665459e-1f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(5.0000001201e-1f));
    const __m512 y =
        _mm512_add_ps(_mm512_fmadd_ps(p, _mm512_mul_ps(r, r), r), _mm512_set1_ps(1.0f));
    // Scaling by 2^n is exact where the result is kept, in one step or two. Lanes that become 0 are
    // left out, not zeroed after: denormal results cost a hundred cycles.
    const __mmask16 kept = _mm512_cmp_ps_mask(x.v, _mm512_set1_ps(-87.336544f), _CMP_NLT_UQ);
    return {_mm512_maskz_scalef_ps(kept, y, n)};
  }

  static Avx512Lanes RoundEven(Avx512Lanes x) {
    return {_mm512_roundscale_ps(x.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
  }
  struct WholeSum {
    __m512d low = _mm512_setzero_pd(), high = _mm512_setzero_pd();
    void Add(Avx512Lanes x) {
      low = _mm512_add_pd(low, _mm512_cvtps_pd(_mm512_castps512_ps256(x.v)));
      high = _mm512_add_pd(high, _mm512_cvtps_pd(_mm512_extractf32x8_ps(x.v, 1)));
    }
    double Total() const { return _mm512_reduce_add_pd(_mm512_add_pd(low, high)); }
  };

  float SumTree() const {
    const __m256 h8 = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    const __m128 h4 = _mm_add_ps(_mm256_castps256_ps128(h8), _mm256_extractf128_ps(h8, 1));
    const __m128 h2 = _mm_add_ps(h4, _mm_movehl_ps(h4, h4));
    return _mm_cvtss_f32(_mm_add_ss(h2, _mm_shuffle_ps(h2, h2, 1)));
  }
  float MaxTree() const {
    const __m256 h8 = _mm256_max_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    const __m128 h4 = _mm_max_ps(_mm256_castps256_ps128(h8), _mm256_extractf128_ps(h8, 1));
    const __m128 h2 = _mm_max_ps(h4, _mm_movehl_ps(h4, h4));
    return _mm_cvtss_f32(_mm_max_ss(h2, _mm_shuffle_ps(h2, h2, 1)));
  }
  // Sixteen trees at once: each level adds halves of two registers into one.
  static Avx512Lanes SumTrees(const Avx512Lanes* rows) {
    __m512 a[8];
    for (int i = 0; i < 8; ++i) {  // l + 8: rows i and i + 8 side by side
      const __m512 x = rows[i].v, y = rows[i + 8].v;
      a[i] = _mm512_add_ps(_mm512_shuffle_f32x4(x, y, 0x44), _mm512_shuffle_f32x4(x, y, 0xee));
    }
    __m512 b[4];
    for (int i = 0; i < 4; ++i) {  // l + 4: 128-bit parts of rows i, i + 4, i + 8, i + 12
      const __m512 x = a[i], y = a[i + 4];
      b[i] = _mm512_add_ps(_mm512_shuffle_f32x4(x, y, 0x88), _mm512_shuffle_f32x4(x, y, 0xdd));
    }
    __m512 c[2];
    for (int i = 0; i < 2; ++i) {  // l + 2
      const __m512 x = b[i], y = b[i + 2];
      c[i] = _mm512_add_ps(_mm512_shuffle_ps(x, y, 0x44), _mm512_shuffle_ps(x, y, 0xee));
    }
    const __m512 sums = _mm512_add_ps(_mm512_shuffle_ps(c[0], c[1], 0x88),
                                      _mm512_shuffle_ps(c[0], c[1], 0xdd));  // l + 1
    // Parts hold rows 0.., 8.., 4.., 12.., each in the order 0, 2, 1, 3.
    const __m512i order = _mm512_setr_epi32(0, 2, 1, 3, 8, 10, 9, 11, 4, 6, 5, 7, 12, 14, 13, 15);
    return {_mm512_permutexvar_ps(order, sums)};
  }
  static void Transpose(Avx512Lanes* rows) {
    __m512 t[16];
    for (int i = 0; i < 16; i += 2) {  // pairs of rows, 1 x 1 elements
      t[i] = _mm512_unpacklo_ps(rows[i].v, rows[i + 1].v);
      t[i + 1] = _mm512_unpackhi_ps(rows[i].v, rows[i + 1].v);
    }
    __m512 u[16];  // u[4 q + j]: rows 4 q .., column j of each 128-bit part
    for (int q = 0; q < 4; ++q) {
      const __m512* s = t + 4 * q;
      u[4 * q] = _mm512_shuffle_ps(s[0], s[2], 0x44);
      u[4 * q + 1] = _mm512_shuffle_ps(s[0], s[2], 0xee);
      u[4 * q + 2] = _mm512_shuffle_ps(s[1], s[3], 0x44);
      u[4 * q + 3] = _mm512_shuffle_ps(s[1], s[3], 0xee);
    }
    for (int j = 0; j < 4; ++j) {  // 128-bit parts
      const __m512 low01 = _mm512_shuffle_f32x4(u[j], u[4 + j], 0x88);
      const __m512 high01 = _mm512_shuffle_f32x4(u[j], u[4 + j], 0xdd);
      const __m512 low23 = _mm512_shuffle_f32x4(u[8 + j], u[12 + j], 0x88);
      const __m512 high23 = _mm512_shuffle_f32x4(u[8 + j], u[12 + j], 0xdd);
      rows[j].v = _mm512_shuffle_f32x4(low01, low23, 0x88);
      rows[4 + j].v = _mm512_shuffle_f32x4(high01, high23, 0x88);
      rows[8 + j].v = _mm512_shuffle_f32x4(low01, low23, 0xdd);
      rows[12 + j].v = _mm512_shuffle_f32x4(high01, high23, 0xdd);
    }
  }
};

}  // namespace winnow::device
