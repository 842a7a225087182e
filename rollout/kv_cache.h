#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace winnow::rollout {

// Hands out the pages of a key-value cache and counts who shares them: a prompt's full pages are
// held once for all samples of its group. A page returns to the pool with its last holder. Knows
// page ids alone; the keys and values are in a model::KvStorage of as many pages.
// Threads:   one caller at a time.
// Errors:    asking for more pages than are free is our bug (CHECK).
class KvCache {
 public:
  KvCache(size_t num_pages, size_t page_tokens);

  size_t page_tokens() const { return page_tokens_; }
  size_t num_pages() const { return holders_.size(); }
  size_t num_free() const { return free_.size(); }
  size_t most_used() const { return most_used_; }  // pages, ever
  size_t PagesFor(size_t tokens) const { return (tokens + page_tokens_ - 1) / page_tokens_; }

  // A page with one holder.
  int32_t Allocate();
  void Share(int32_t page);    // one holder more
  void Release(int32_t page);  // one holder fewer
  void Release(std::span<const int32_t> pages);

 private:
  const size_t page_tokens_;
  std::vector<int32_t> free_;
  std::vector<int32_t> holders_;
  size_t most_used_ = 0;
};

}  // namespace winnow::rollout
