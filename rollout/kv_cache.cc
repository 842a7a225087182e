#include "rollout/kv_cache.h"

#include "base/check.h"

namespace winnow::rollout {

KvCache::KvCache(size_t num_pages, size_t page_tokens)
    : page_tokens_(page_tokens), holders_(num_pages, 0) {
  free_.reserve(num_pages);
  for (size_t i = num_pages; i > 0; --i) free_.push_back(static_cast<int32_t>(i - 1));
}

int32_t KvCache::Allocate() {
  WINNOW_CHECK(!free_.empty());
  const int32_t page = free_.back();
  free_.pop_back();
  holders_[static_cast<size_t>(page)] = 1;
  most_used_ = std::max(most_used_, num_pages() - num_free());
  return page;
}

void KvCache::Share(int32_t page) {
  WINNOW_CHECK_GT(holders_[static_cast<size_t>(page)], 0);
  ++holders_[static_cast<size_t>(page)];
}

void KvCache::Release(int32_t page) {
  int32_t& holders = holders_[static_cast<size_t>(page)];
  WINNOW_CHECK_GT(holders, 0);
  if (--holders == 0) free_.push_back(page);
}

void KvCache::Release(std::span<const int32_t> pages) {
  for (const int32_t page : pages) Release(page);
}

}  // namespace winnow::rollout
