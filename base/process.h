#pragma once

#include <cstdint>

namespace winnow {

// The most memory this process has held at once (VmHWM), bytes. Thread-safe.
uint64_t PeakResidentBytes();

}  // namespace winnow
