#include "rollout/kv_cache.h"

#include "base/check.h"

namespace winnow::rollout {

KvCache::KvCache(std::unique_ptr<model::KvStorage<float>> storage)
    : storage_(std::move(storage)), holders_(storage_->num_pages(), 0) {
  free_.reserve(storage_->num_pages());
  for (size_t i = storage_->num_pages(); i > 0; --i) free_.push_back(static_cast<int32_t>(i - 1));
}

int32_t KvCache::Allocate() {
  WINNOW_CHECK(!free_.empty());
  const int32_t page = free_.back();
  free_.pop_back();
  holders_[static_cast<size_t>(page)] = 1;
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

}  // namespace winnow::rollout
