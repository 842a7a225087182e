#include "reward/sandbox/seccomp_filter.h"

#include <gtest/gtest.h>
#include <linux/filter.h>

namespace winnow::reward::sandbox {
namespace {

// What it refuses is tried in attack_test.cc.
TEST(SeccompFilterTest, IsAProgramThatTheKernelCanTake) {
  const Result<std::string> filter = BuildSeccompFilter();
  ASSERT_TRUE(filter.ok()) << filter.status().message();
  EXPECT_EQ(filter->size() % sizeof(sock_filter), 0u);
  EXPECT_GT(filter->size() / sizeof(sock_filter), 100u);
  EXPECT_LE(filter->size() / sizeof(sock_filter), size_t{BPF_MAXINSNS});
  EXPECT_EQ(*filter, *BuildSeccompFilter());
}

}  // namespace
}  // namespace winnow::reward::sandbox
