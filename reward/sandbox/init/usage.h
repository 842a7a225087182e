#pragma once

#include <cstdint>

namespace winnow::reward::sandbox {

// What all processes of this process namespace but process 1 use, by /proc. Processes come and go
// while it is read, so it is a sample.
struct Usage {
  uint64_t cpu_us = 0;        // of the living and of children that they have reaped
  uint64_t memory_bytes = 0;  // anonymous pages; one shared after fork counts once a process
};
Usage SampleUsage();

// Anonymous memory by proportional set size: a page shared by n processes counts 1/n in each. Slow,
// for when the sum of SampleUsage is over a bound.
uint64_t SharedMemoryBytes();

// CPU time of children that this process has reaped, theirs included.
uint64_t ReapedCpuUs();

// Files and folders in the file system of `path`.
uint64_t FilesIn(const char* path);

}  // namespace winnow::reward::sandbox
