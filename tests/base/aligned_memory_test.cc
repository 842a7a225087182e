#include "base/aligned_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

namespace winnow {
namespace {

constexpr size_t kSizes[] = {1, 63, 64, 4096, (size_t{4} << 20) - 1, (size_t{4} << 20) + 1};

TEST(AlignedMemoryTest, StartsAtACacheLineAndHoldsAllItsBytes) {
  for (const size_t size : kSizes) {
    const AlignedMemory memory = AllocateAligned(size);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory.get()) % 64, 0u) << size;
    std::fill_n(memory.get(), size, std::byte{7});
    EXPECT_EQ(memory[size - 1], std::byte{7});
  }
}

TEST(AlignedMemoryTest, ZeroedMemoryIsZero) {
  for (const size_t size : kSizes) {
    const AlignedMemory memory = AllocateZeroed(size);
    EXPECT_TRUE(std::all_of(memory.get(), memory.get() + size, [](std::byte b) {
      return b == std::byte{0};
    })) << size;
  }
}

TEST(AlignedMemoryTest, NothingIsAllowed) {
  AllocateAligned(0);
  AllocateZeroed(0);
}

}  // namespace
}  // namespace winnow
