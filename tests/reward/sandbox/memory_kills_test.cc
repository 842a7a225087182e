#include "reward/sandbox/memory_kills.h"

#include <gtest/gtest.h>

namespace winnow::reward::sandbox {
namespace {

TEST(MemoryKillsTest, ReadsTheKernelsCount) {
  EXPECT_EQ(MemoryKills("nr_free_pages 5\nxoom_kill 3\noom_kill 41\nnuma_hit 7\n"), 41u);
  EXPECT_EQ(MemoryKills("nr_free_pages 5\n"), 0u);
  EXPECT_EQ(MemoryKills(""), 0u);
}

TEST(MemoryKillsTest, NeverFalls) {
  const uint64_t before = MemoryKills();
  EXPECT_GE(MemoryKills(), before);
}

}  // namespace
}  // namespace winnow::reward::sandbox
