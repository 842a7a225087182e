#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

namespace winnow {
namespace {

class ThreadPoolTest : public testing::TestWithParam<int> {};

TEST_P(ThreadPoolTest, VisitsEveryIndexOnceInManyJobs) {
  ThreadPool pool(GetParam());
  for (size_t count : {0u, 1u, 7u, 64u, 1000u}) {
    for (int repeat = 0; repeat < 200; ++repeat) {
      std::vector<std::atomic<int>> visits(count);
      pool.ParallelFor(count, 3, [&](size_t begin, size_t end) {
        ASSERT_LE(end - begin, 3u);
        for (size_t i = begin; i < end; ++i) visits[i].fetch_add(1);
      });
      for (const auto& visit : visits) ASSERT_EQ(visit.load(), 1);
    }
  }
}

TEST_P(ThreadPoolTest, NestedLoopsRunInTheirCaller) {
  ThreadPool pool(GetParam());
  std::atomic<int> sum{0};
  pool.ParallelFor(8, 1, [&](size_t, size_t) {
    pool.ParallelFor(8, 1, [&](size_t begin, size_t) { sum += static_cast<int>(begin); });
  });
  EXPECT_EQ(sum.load(), 8 * 28);
}

INSTANTIATE_TEST_SUITE_P(Threads, ThreadPoolTest, testing::Values(1, 2, 5));

TEST(AvailableCoresTest, IsPositive) { EXPECT_GE(AvailableCores(), 1); }

}  // namespace
}  // namespace winnow
