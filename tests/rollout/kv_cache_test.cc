#include "rollout/kv_cache.h"

#include <gtest/gtest.h>

#include <set>

namespace winnow::rollout {
namespace {

class FakeStorage : public model::KvStorage<float> {
 public:
  size_t page_tokens() const override { return 16; }
  size_t num_pages() const override { return 4; }
  void CopyPage(int32_t, int32_t, size_t) override {}
};

TEST(KvCacheTest, HandsOutEachPageOnce) {
  KvCache cache(std::make_unique<FakeStorage>());
  std::set<int32_t> pages;
  for (int i = 0; i < 4; ++i) pages.insert(cache.Allocate());
  EXPECT_EQ(pages, (std::set<int32_t>{0, 1, 2, 3}));
  EXPECT_EQ(cache.num_free(), 0u);
}

TEST(KvCacheTest, ASharedPageReturnsWithItsLastHolder) {
  KvCache cache(std::make_unique<FakeStorage>());
  const int32_t page = cache.Allocate();
  cache.Share(page);
  cache.Release(page);
  EXPECT_EQ(cache.num_free(), 3u);
  cache.Release(page);
  EXPECT_EQ(cache.num_free(), 4u);
}

TEST(KvCacheTest, CountsPagesForTokens) {
  KvCache cache(std::make_unique<FakeStorage>());
  EXPECT_EQ(cache.PagesFor(0), 0u);
  EXPECT_EQ(cache.PagesFor(16), 1u);
  EXPECT_EQ(cache.PagesFor(17), 2u);
}

TEST(KvCacheDeathTest, AllocatingFromAnEmptyPoolIsOurBug) {
  KvCache cache(std::make_unique<FakeStorage>());
  for (int i = 0; i < 4; ++i) cache.Allocate();
  EXPECT_DEATH(cache.Allocate(), "check failed");
}

}  // namespace
}  // namespace winnow::rollout
