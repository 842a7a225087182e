#pragma once

#include "learner/loss/interface.h"

namespace winnow::learner {

// ℓ = max(−A r, −A clip(r, 1 − ε_l, 1 + ε_h)) of one token; the clipped branch counts only where
// it is strictly larger.
struct ClippedSurrogate {
  double loss = 0;
  double gradient = 0;  // dℓ/d(log r)
  uint8_t flags = 0;    // kClippedHigh or kClippedLow
};
ClippedSurrogate ClipSurrogate(double advantage, double ratio, double clip_ratio_low,
                               double clip_ratio_high);

// Bounds of the log ratio in `vanilla` and `cispo`.
inline constexpr double kLogRatioClamp = 20.0;

}  // namespace winnow::learner
