#include "learner/loss/ratio_clip.h"

#include <algorithm>

namespace winnow::learner {

ClippedSurrogate ClipSurrogate(double advantage, double ratio, double clip_ratio_low,
                               double clip_ratio_high) {
  const double bounded = std::clamp(ratio, 1.0 - clip_ratio_low, 1.0 + clip_ratio_high);
  const double unclipped = -advantage * ratio;
  const double clipped = -advantage * bounded;
  if (clipped > unclipped) {
    return {.loss = clipped,
            .gradient = 0.0,
            .flags = static_cast<uint8_t>(ratio > bounded ? kClippedHigh : kClippedLow)};
  }
  return {.loss = unclipped, .gradient = unclipped, .flags = 0};
}

}  // namespace winnow::learner
