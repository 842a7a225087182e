#include "orchestrator/problems/keyed_draws.h"

#include <gtest/gtest.h>

#include <set>

namespace winnow::orchestrator {
namespace {

TEST(KeyedDrawsTest, DependOnSeedFamilyAndAttemptAlone) {
  const auto first = [](uint64_t seed, std::string_view family, uint32_t attempt) {
    KeyedDraws draws(seed, family, attempt);
    return std::pair(draws.Below(1u << 30), draws.Below(1u << 30));
  };
  EXPECT_EQ(first(1, "a", 0), first(1, "a", 0));
  EXPECT_NE(first(1, "a", 0), first(2, "a", 0));
  EXPECT_NE(first(1, "a", 0), first(1, "b", 0));
  EXPECT_NE(first(1, "a", 0), first(1, "a", 1));
  EXPECT_NE(first(1, "a", 0), first(uint64_t{1} << 32 | 1, "a", 0));
}

TEST(KeyedDrawsTest, CoverTheirRangeEvenly) {
  KeyedDraws draws(7, "range", 0);
  std::vector<int> counts(5);
  for (int i = 0; i < 5000; ++i) ++counts[static_cast<size_t>(draws.Between(-2, 2) + 2)];
  for (int count : counts) EXPECT_NEAR(count, 1000, 150);
}

TEST(KeyedDrawsTest, ShuffleKeepsTheItems) {
  KeyedDraws draws(7, "shuffle", 0);
  std::vector<int> items = {1, 2, 3, 4, 5, 6, 7, 8};
  draws.Shuffle(items);
  EXPECT_EQ(std::set<int>(items.begin(), items.end()).size(), 8u);
  EXPECT_NE(items, (std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8}));
}

}  // namespace
}  // namespace winnow::orchestrator
