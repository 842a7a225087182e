#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "model/policy.h"

namespace winnow::rollout {

// Hands out the pages of a KvStorage and counts who shares them: a prompt's full pages are held
// once for all samples of its group. A page returns to the pool with its last holder.
// Threads:   one caller at a time.
// Errors:    asking for more pages than are free is our bug (CHECK): callers reserve first.
class KvCache {
 public:
  explicit KvCache(std::unique_ptr<model::KvStorage<float>> storage);

  model::KvStorage<float>& storage() { return *storage_; }
  size_t page_tokens() const { return storage_->page_tokens(); }
  size_t num_pages() const { return storage_->num_pages(); }
  size_t num_free() const { return free_.size(); }
  size_t PagesFor(size_t tokens) const {
    return (tokens + storage_->page_tokens() - 1) / storage_->page_tokens();
  }

  // A page with one holder.
  int32_t Allocate();
  void Share(int32_t page);    // one holder more
  void Release(int32_t page);  // one holder fewer

 private:
  std::unique_ptr<model::KvStorage<float>> storage_;
  std::vector<int32_t> free_;
  std::vector<int32_t> holders_;
};

}  // namespace winnow::rollout
