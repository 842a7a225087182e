#include "rollout/kv_cache.h"

#include <gtest/gtest.h>

#include <set>

namespace winnow::rollout {
namespace {

TEST(KvCacheTest, HandsOutEachPageOnce) {
  KvCache cache(/*num_pages=*/4, /*page_tokens=*/16);
  std::set<int32_t> pages;
  for (int i = 0; i < 4; ++i) pages.insert(cache.Allocate());
  EXPECT_EQ(pages, (std::set<int32_t>{0, 1, 2, 3}));
  EXPECT_EQ(cache.num_free(), 0u);
}

TEST(KvCacheTest, ASharedPageReturnsWithItsLastHolder) {
  KvCache cache(/*num_pages=*/4, /*page_tokens=*/16);
  const int32_t page = cache.Allocate();
  cache.Share(page);
  cache.Release(page);
  EXPECT_EQ(cache.num_free(), 3u);
  cache.Release(page);
  EXPECT_EQ(cache.num_free(), 4u);
  EXPECT_EQ(cache.most_used(), 1u);
}

TEST(KvCacheTest, CountsPagesForTokens) {
  KvCache cache(/*num_pages=*/4, /*page_tokens=*/16);
  EXPECT_EQ(cache.PagesFor(0), 0u);
  EXPECT_EQ(cache.PagesFor(16), 1u);
  EXPECT_EQ(cache.PagesFor(17), 2u);
}

TEST(KvCacheDeathTest, AllocatingFromAnEmptyPoolIsOurBug) {
  KvCache cache(/*num_pages=*/4, /*page_tokens=*/16);
  for (int i = 0; i < 4; ++i) cache.Allocate();
  EXPECT_DEATH(cache.Allocate(), "check failed");
}

}  // namespace
}  // namespace winnow::rollout
