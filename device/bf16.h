#pragma once

#include <cstdint>

namespace winnow::device {

// bfloat16 is the upper half of a float32. Rounding is to nearest even; NaN stays NaN (quiet);
// denormals round like any number. Internal linkage, see device/math.h.
static inline uint16_t Bf16FromFloat(float x) {
  const uint32_t bits = __builtin_bit_cast(uint32_t, x);
  if (x != x) return static_cast<uint16_t>((bits >> 16) | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

static inline float FloatFromBf16(uint16_t x) {
  return __builtin_bit_cast(float, static_cast<uint32_t>(x) << 16);
}

// The float32 with the value that bfloat16 rounding leaves.
static inline float RoundToBf16(float x) { return FloatFromBf16(Bf16FromFloat(x)); }

}  // namespace winnow::device
