#pragma once

#include <cstddef>
#include <cstdint>

#include "reward/sandbox/protocol.h"

namespace winnow::reward::sandbox {

// A seccomp program, as prctl takes it; points to memory that outlives the call.
struct Filter {
  const void* instructions = nullptr;
  size_t size_bytes = 0;
};

// Takes rights and means from the calling process for good, in this order: every descriptor from
// `first_closed` on is closed at exec; resource limits; Landlock, where the kernel has it;
// no-new-privileges; the seccomp filter. Async-signal-safe.
// Returns null, or the name of the step that failed, errno set.
const char* Confine(const RunLimits& limits, uint32_t flags, const Filter& filter,
                    unsigned first_closed);

}  // namespace winnow::reward::sandbox
