#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>

namespace winnow {

struct FreeAligned {
  void operator()(void* p) const { std::free(p); }
};
using AlignedMemory = std::unique_ptr<std::byte[], FreeAligned>;

// `size_bytes` uninitialised bytes that start at a cache line. Large pieces start at a huge page
// and ask for huge ones: a pass over weights then misses the TLB and faults far less often.
AlignedMemory AllocateAligned(size_t size_bytes);

// As AllocateAligned, all bytes zero; the system hands them out as they are touched.
AlignedMemory AllocateZeroed(size_t size_bytes);

}  // namespace winnow
