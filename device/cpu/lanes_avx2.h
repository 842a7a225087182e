#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace winnow::device {

// Sixteen lanes in two AVX2 registers; the contract is GenericLanes's. Include only from files
// compiled for AVX2 and FMA.
struct Avx2Lanes {
  using Real = float;
  static constexpr int kRowsF32 = 6, kVectorsF32 = 1;
  static constexpr int kRowsTile = 2, kVectorsTile = 1;
  static constexpr int kRowsPair = 4, kVectorsPair = 1;
  static constexpr int kDotRows = 2, kWeightedVectors = 1;

  __m256 lo, hi;

  static __m256i Mask(size_t n) {
    const __m256i index = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), index);
  }
  static size_t Above8(size_t n) { return n > 8 ? n - 8 : 0; }
  static Avx2Lanes Zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
  static Avx2Lanes Set(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
  static Avx2Lanes Load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
  static Avx2Lanes LoadPartial(const float* p, size_t n) {
    return {_mm256_maskload_ps(p, Mask(n)), _mm256_maskload_ps(p + 8, Mask(Above8(n)))};
  }
  static __m256 FromBf16(__m128i x) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(x), 16));
  }
  static Avx2Lanes LoadBf16(const uint16_t* p) {
    return {FromBf16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))),
            FromBf16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 8)))};
  }
  static Avx2Lanes LoadBf16Partial(const uint16_t* p, size_t n) {
    uint16_t part[16] = {};
    for (size_t l = 0; l < n; ++l) part[l] = p[l];
    return LoadBf16(part);
  }
  static void LoadPairs(const uint16_t* p, Avx2Lanes* even, Avx2Lanes* odd) {
    const __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    const __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 16));
    const __m256i upper = _mm256_set1_epi32(-65536);
    even->lo = _mm256_castsi256_ps(_mm256_slli_epi32(a, 16));
    even->hi = _mm256_castsi256_ps(_mm256_slli_epi32(b, 16));
    odd->lo = _mm256_castsi256_ps(_mm256_and_si256(a, upper));
    odd->hi = _mm256_castsi256_ps(_mm256_and_si256(b, upper));
  }
  static void TransposeBf16(const uint16_t* rows, size_t stride, float* out) {
    for (size_t d = 0; d < 32; d += 16) {
      Avx2Lanes block[16];
      for (size_t j = 0; j < 16; ++j) block[j] = LoadBf16(rows + j * stride + d);
      Transpose(block);
      for (int j = 0; j < 16; ++j) block[j].Store(out + (d + j) * 16);
    }
  }
  void Store(float* p) const {
    _mm256_storeu_ps(p, lo);
    _mm256_storeu_ps(p + 8, hi);
  }
  void StorePartial(float* p, size_t n) const {
    _mm256_maskstore_ps(p, Mask(n), lo);
    _mm256_maskstore_ps(p + 8, Mask(Above8(n)), hi);
  }
  // Upper halves rounded to nearest even; NaN stays a quiet NaN.
  static __m256i RoundedBits(__m256 x) {
    const __m256i bits = _mm256_castps_si256(x);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i rounded =
        _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
    const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
    const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q));
    return _mm256_blendv_epi8(rounded, quiet, nan);
  }
  void StoreBf16(uint16_t* p) const {
    const __m256i packed = _mm256_packus_epi32(_mm256_srli_epi32(RoundedBits(lo), 16),
                                               _mm256_srli_epi32(RoundedBits(hi), 16));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm256_permute4x64_epi64(packed, 0xd8));
  }
  Avx2Lanes RoundBf16() const {
    const __m256i upper = _mm256_set1_epi32(-65536);
    return {_mm256_castsi256_ps(_mm256_and_si256(RoundedBits(lo), upper)),
            _mm256_castsi256_ps(_mm256_and_si256(RoundedBits(hi), upper))};
  }
  // 16 pairs (even, odd) of bf16.
  static void StorePairs(Avx2Lanes even, Avx2Lanes odd, uint16_t* p) {
    const __m256i upper = _mm256_set1_epi32(-65536);
    const auto pairs = [&](__m256 e, __m256 o) {
      return _mm256_or_si256(_mm256_srli_epi32(RoundedBits(e), 16),
                             _mm256_and_si256(RoundedBits(o), upper));
    };
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), pairs(even.lo, odd.lo));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p + 16), pairs(even.hi, odd.hi));
  }
  static Avx2Lanes Add(Avx2Lanes a, Avx2Lanes b) {
    return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)};
  }
  static Avx2Lanes Sub(Avx2Lanes a, Avx2Lanes b) {
    return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)};
  }
  static Avx2Lanes Mul(Avx2Lanes a, Avx2Lanes b) {
    return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)};
  }
  static Avx2Lanes Div(Avx2Lanes a, Avx2Lanes b) {
    return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)};
  }
  static Avx2Lanes Fma(Avx2Lanes a, Avx2Lanes b, Avx2Lanes c) {
    return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
  }
  static Avx2Lanes Max(Avx2Lanes a, Avx2Lanes b) {
    return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)};
  }
  static Avx2Lanes First(size_t n, Avx2Lanes a, Avx2Lanes b) {
    return {_mm256_blendv_ps(b.lo, a.lo, _mm256_castsi256_ps(Mask(n))),
            _mm256_blendv_ps(b.hi, a.hi, _mm256_castsi256_ps(Mask(Above8(n))))};
  }
  static Avx2Lanes Exp(Avx2Lanes x) { return {Exp(x.lo), Exp(x.hi)}; }

  static Avx2Lanes RoundEven(Avx2Lanes x) {
    constexpr int kNearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
    return {_mm256_round_ps(x.lo, kNearest), _mm256_round_ps(x.hi, kNearest)};
  }
  struct WholeSum {
    __m256d v[4] = {_mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd(),
                    _mm256_setzero_pd()};
    void Add(Avx2Lanes x) {
      v[0] = _mm256_add_pd(v[0], _mm256_cvtps_pd(_mm256_castps256_ps128(x.lo)));
      v[1] = _mm256_add_pd(v[1], _mm256_cvtps_pd(_mm256_extractf128_ps(x.lo, 1)));
      v[2] = _mm256_add_pd(v[2], _mm256_cvtps_pd(_mm256_castps256_ps128(x.hi)));
      v[3] = _mm256_add_pd(v[3], _mm256_cvtps_pd(_mm256_extractf128_ps(x.hi, 1)));
    }
    double Total() const {
      const __m256d sum = _mm256_add_pd(_mm256_add_pd(v[0], v[1]), _mm256_add_pd(v[2], v[3]));
      const __m128d half = _mm_add_pd(_mm256_castpd256_pd128(sum), _mm256_extractf128_pd(sum, 1));
      return _mm_cvtsd_f64(_mm_add_sd(half, _mm_unpackhi_pd(half, half)));
    }
  };

  float SumTree() const {
    const __m256 h8 = _mm256_add_ps(lo, hi);
    const __m128 h4 = _mm_add_ps(_mm256_castps256_ps128(h8), _mm256_extractf128_ps(h8, 1));
    const __m128 h2 = _mm_add_ps(h4, _mm_movehl_ps(h4, h4));
    return _mm_cvtss_f32(_mm_add_ss(h2, _mm_shuffle_ps(h2, h2, 1)));
  }
  float MaxTree() const {
    const __m256 h8 = _mm256_max_ps(lo, hi);
    const __m128 h4 = _mm_max_ps(_mm256_castps256_ps128(h8), _mm256_extractf128_ps(h8, 1));
    const __m128 h2 = _mm_max_ps(h4, _mm_movehl_ps(h4, h4));
    return _mm_cvtss_f32(_mm_max_ss(h2, _mm_shuffle_ps(h2, h2, 1)));
  }
  static Avx2Lanes SumTrees(const Avx2Lanes* rows) {
    return {SumTrees8(rows), SumTrees8(rows + 8)};
  }
  static void Transpose(Avx2Lanes* rows) {
    __m256 a[8], b[8], c[8], d[8];
    for (int i = 0; i < 8; ++i) {
      a[i] = rows[i].lo;
      b[i] = rows[i].hi;
      c[i] = rows[8 + i].lo;
      d[i] = rows[8 + i].hi;
    }
    Transpose8(a);
    Transpose8(b);
    Transpose8(c);
    Transpose8(d);
    for (int i = 0; i < 8; ++i) {
      rows[i] = {a[i], c[i]};
      rows[8 + i] = {b[i], d[i]};
    }
  }

 private:
  static void Transpose8(__m256* r) {
    __m256 t[8], u[8];
    for (int i = 0; i < 8; i += 2) {
      t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
      t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int q = 0; q < 2; ++q) {
      const __m256* s = t + 4 * q;
      u[4 * q] = _mm256_shuffle_ps(s[0], s[2], 0x44);
      u[4 * q + 1] = _mm256_shuffle_ps(s[0], s[2], 0xee);
      u[4 * q + 2] = _mm256_shuffle_ps(s[1], s[3], 0x44);
      u[4 * q + 3] = _mm256_shuffle_ps(s[1], s[3], 0xee);
    }
    for (int j = 0; j < 4; ++j) {
      r[j] = _mm256_permute2f128_ps(u[j], u[4 + j], 0x20);
      r[4 + j] = _mm256_permute2f128_ps(u[j], u[4 + j], 0x31);
    }
  }

  // Step by step as ExpF32 (device/math.h).
  static __m256 Exp(__m256 x) {
    const __m256 magic = _mm256_set1_ps(12582912.0f);
    const __m256 clamped =
        _mm256_min_ps(_mm256_set1_ps(89.0f), _mm256_max_ps(_mm256_set1_ps(-104.0f), x));
    const __m256 t = _mm256_fmadd_ps(clamped, _mm256_set1_ps(1.44269504f), magic);
    const __m256 n = _mm256_sub_ps(t, magic);
    __m256 r = _mm256_fmadd_ps(n, _mm256_set1_ps(-0.693359375f), clamped);
    r = _mm256_fmadd_ps(n, _mm256_set1_ps(2.12194440e-4f), r);
    __m256 p = _mm256_set1_ps(1.9875691500e-4f);
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.3981999507e-3f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(8.3334519073e-3f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(4.1665795894e-2f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.6666665459e-1f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(5.0000001201e-1f));
    const __m256 y =
        _mm256_add_ps(_mm256_fmadd_ps(p, _mm256_mul_ps(r, r), r), _mm256_set1_ps(1.0f));
    const __m256i i = _mm256_sub_epi32(_mm256_castps_si256(t), _mm256_castps_si256(magic));
    const __m256i half = _mm256_srai_epi32(i, 1);
    const __m256i bias = _mm256_set1_epi32(127);
    const __m256i s1 = _mm256_slli_epi32(_mm256_add_epi32(half, bias), 23);
    const __m256i s2 = _mm256_slli_epi32(_mm256_add_epi32(_mm256_sub_epi32(i, half), bias), 23);
    // Lanes that become 0 are multiplied by 0: denormal results cost a hundred cycles.
    const __m256 tiny = _mm256_cmp_ps(x, _mm256_set1_ps(-87.336544f), _CMP_LT_OQ);
    const __m256 e = _mm256_mul_ps(_mm256_mul_ps(y, _mm256_castsi256_ps(s1)),
                                   _mm256_andnot_ps(tiny, _mm256_castsi256_ps(s2)));
    const __m256 nan = _mm256_cmp_ps(x, x, _CMP_UNORD_Q);
    return _mm256_blendv_ps(e, x, nan);
  }

  // Eight trees at once: each level adds halves of two registers into one.
  static __m256 SumTrees8(const Avx2Lanes* rows) {
    __m256 a[8];
    for (int i = 0; i < 8; ++i) a[i] = _mm256_add_ps(rows[i].lo, rows[i].hi);  // l + 8
    __m256 b[4];
    for (int i = 0; i < 4; ++i) {  // l + 4: rows i and i + 4 side by side
      b[i] = _mm256_add_ps(_mm256_permute2f128_ps(a[i], a[i + 4], 0x20),
                           _mm256_permute2f128_ps(a[i], a[i + 4], 0x31));
    }
    __m256 c[2];
    for (int i = 0; i < 2; ++i) {  // l + 2
      c[i] = _mm256_add_ps(_mm256_shuffle_ps(b[i], b[i + 2], 0x44),
                           _mm256_shuffle_ps(b[i], b[i + 2], 0xee));
    }
    const __m256 sums = _mm256_add_ps(_mm256_shuffle_ps(c[0], c[1], 0x88),
                                      _mm256_shuffle_ps(c[0], c[1], 0xdd));  // l + 1
    return _mm256_permute_ps(sums, 0xd8);  // rows 0, 2, 1, 3 of each half
  }
};

}  // namespace winnow::device
