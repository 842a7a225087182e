#pragma once

#include <cstdint>

namespace winnow::device {

// Elementary functions in float32 fused multiply-adds, so that every machine, instruction set and
// caller gets the same bits; libm's differ between versions (cpu.md §1). The vector kernels follow
// these step by step. All have internal linkage: files compiled for other instruction sets include
// them too.

// e^x. NaN stays NaN, −inf gives 0, above 88.72 inf; results below the smallest normal number
// are 0. Error at most 1.1 ulp (tests/device/math_test.cc).
// Method (Cephes expf): x = n ln 2 + r, |r| <= ln2 / 2; e^x = 2^n (1 + r + r² P(r)).
static inline float ExpF32(float x) {
  if (x != x) return x;
  constexpr float kMagic = 12582912.0f;  // 1.5 · 2^23: adding it rounds to an integer
  const float lower = -104.0f > x ? -104.0f : x;
  const float clamped = 89.0f < lower ? 89.0f : lower;
  const float t = __builtin_fmaf(clamped, 1.44269504f, kMagic);
  const float n = t - kMagic;
  float r = __builtin_fmaf(n, -0.693359375f, clamped);
  r = __builtin_fmaf(n, 2.12194440e-4f, r);
  float p = 1.9875691500e-4f;
  p = __builtin_fmaf(p, r, 1.3981999507e-3f);
  p = __builtin_fmaf(p, r, 8.3334519073e-3f);
  p = __builtin_fmaf(p, r, 4.1665795894e-2f);
  p = __builtin_fmaf(p, r, 1.6666665459e-1f);
  p = __builtin_fmaf(p, r, 5.0000001201e-1f);
  const float y = __builtin_fmaf(p, r * r, r) + 1.0f;
  // 2^n in two factors, since n reaches 128.
  const int32_t i = __builtin_bit_cast(int32_t, t) - __builtin_bit_cast(int32_t, kMagic);
  const int32_t half = i >> 1;
  const float s1 = __builtin_bit_cast(float, (half + 127) << 23);
  const float s2 = __builtin_bit_cast(float, (i - half + 127) << 23);
  const float e = y * s1 * s2;
  return x < -87.336544f ? 0.0f : e;
}

// ln x. NaN for x < 0 and NaN, −inf for 0, inf for inf. Error at most 1 ulp.
// Method (Cephes logf): x = m 2^e with m in [√½, √2); ln m = f − f²/2 + f³ P(f), f = m − 1.
static inline float LogF32(float x) {
  if (x != x) return x;
  if (x < 0.0f) return __builtin_nanf("");
  if (x == 0.0f) return -__builtin_inff();
  if (x == __builtin_inff()) return x;
  int32_t exponent = 0;
  if (x < 1.17549435e-38f) {  // denormal
    x *= 8388608.0f;
    exponent = -23;
  }
  int32_t bits = __builtin_bit_cast(int32_t, x);
  exponent += (bits >> 23) - 126;
  float m = __builtin_bit_cast(float, (bits & 0x007fffff) | 0x3f000000);  // [0.5, 1)
  if (m < 0.707106781f) {
    exponent -= 1;
    m = m + m;
  }
  const float f = m - 1.0f;
  const float z = f * f;
  float p = 7.0376836292e-2f;
  p = __builtin_fmaf(p, f, -1.1514610310e-1f);
  p = __builtin_fmaf(p, f, 1.1676998740e-1f);
  p = __builtin_fmaf(p, f, -1.2420140846e-1f);
  p = __builtin_fmaf(p, f, 1.4249322787e-1f);
  p = __builtin_fmaf(p, f, -1.6668057665e-1f);
  p = __builtin_fmaf(p, f, 2.0000714765e-1f);
  p = __builtin_fmaf(p, f, -2.4999993993e-1f);
  p = __builtin_fmaf(p, f, 3.3333331174e-1f);
  const float e = static_cast<float>(exponent);
  float y = f * z * p;
  y = __builtin_fmaf(e, -2.12194440e-4f, y);
  y = __builtin_fmaf(z, -0.5f, y);
  return __builtin_fmaf(e, 0.693359375f, f + y);
}

// ln(1 + x), exact in the limit of small x: ln(u) plus what rounding u = 1 + x lost, over u.
static inline float Log1pF32(float x) {
  const float u = 1.0f + x;
  if (!(u > 0.0f) || u == __builtin_inff()) return LogF32(u);
  const float magnitude = x < 0.0f ? -x : x;
  const float lost = magnitude > 1.0f ? 1.0f - (u - x) : x - (u - 1.0f);
  return LogF32(u) + lost / u;
}

}  // namespace winnow::device
