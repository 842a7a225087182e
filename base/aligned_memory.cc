#include "base/aligned_memory.h"

#include <sys/mman.h>

#include <cstdint>

#include "base/check.h"

namespace winnow {
namespace {

constexpr size_t kCacheLine = 64;
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kLarge = 2 * kHugePage;  // from here on rounding up costs at most a third

size_t RoundUp(size_t size, size_t multiple) { return (size + multiple - 1) / multiple * multiple; }

// Only advice: without huge pages all else stays the same.
void AskForHugePages(std::byte* begin, size_t size_bytes) {
  const auto address = reinterpret_cast<uintptr_t>(begin);
  const uintptr_t first = RoundUp(address, kHugePage);
  const uintptr_t end = (address + size_bytes) / kHugePage * kHugePage;
  if (first < end) madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
}

}  // namespace

AlignedMemory AllocateAligned(size_t size_bytes) {
  const size_t alignment = size_bytes >= kLarge ? kHugePage : kCacheLine;
  const size_t rounded = RoundUp(size_bytes, alignment);
  AlignedMemory memory(static_cast<std::byte*>(std::aligned_alloc(alignment, rounded)));
  WINNOW_CHECK(memory != nullptr || size_bytes == 0);
  if (size_bytes >= kLarge) AskForHugePages(memory.get(), rounded);
  return memory;
}

AlignedMemory AllocateZeroed(size_t size_bytes) {
  AlignedMemory memory(static_cast<std::byte*>(std::calloc(size_bytes, 1)));
  WINNOW_CHECK(memory != nullptr || size_bytes == 0);
  if (size_bytes >= kLarge) AskForHugePages(memory.get(), size_bytes);
  return memory;
}

}  // namespace winnow
