#pragma once

#include <cstdint>

namespace winnow {

// Monotonic seconds since an arbitrary start: for durations and deadlines.
double MonotonicSeconds();
// Seconds since 1970 by the wall clock: only to label records, never to decide anything.
int64_t WallSeconds();

}  // namespace winnow
