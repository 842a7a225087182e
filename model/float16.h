#pragma once

#include <cstdint>

namespace winnow::model {

// IEEE binary16, a format of weight files only. Widening is exact; narrowing rounds to nearest
// even, NaN stays NaN, what rounds beyond 65504 becomes infinity.
float FloatFromF16(uint16_t bits);
uint16_t F16FromFloat(float value);

}  // namespace winnow::model
