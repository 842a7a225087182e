#include "base/process.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace winnow {
namespace {

TEST(ProcessTest, ThePeakGrowsWithWhatIsTouchedAndNeverShrinks) {
  constexpr size_t kBytes = size_t{64} << 20;
  const uint64_t before = PeakResidentBytes();
  {
    std::vector<char> memory(kBytes, 1);
    EXPECT_GE(*std::max_element(memory.begin(), memory.end()), 1);
  }
  const uint64_t after = PeakResidentBytes();
  EXPECT_GE(after, kBytes);
  EXPECT_GE(after, before);
}

}  // namespace
}  // namespace winnow
