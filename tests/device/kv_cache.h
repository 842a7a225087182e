#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <vector>

#include "device/cpu/aligned_buffer.h"
#include "device/ops.h"

namespace winnow::device {

// Pages of one sequence for tests: written in position order, then shown to Attention.
template <typename Real>
class TestKvCache {
 public:
  TestKvCache(Ops<Real>* ops, const AttentionShape& shape, size_t tokens)
      : ops_(ops), shape_(shape) {
    const size_t bytes =
        2 * shape.kv_heads * shape.page_tokens * shape.head_dim * ops->kv_element_bytes();
    const size_t pages = (tokens + shape.page_tokens - 1) / shape.page_tokens;
    for (size_t p = 0; p < pages; ++p) memory_.emplace_back(bytes);
    for (const auto& page : memory_) pages_.push_back(page.data());
  }

  // Writes rows of k and v [count, kv_heads · head_dim] behind those written before.
  void Append(const Real* k, const Real* v, size_t count) {
    std::vector<KvSlot> slots;
    for (size_t i = 0; i < count; ++i, ++written_)
      slots.push_back(
          {memory_[written_ / shape_.page_tokens].data(), written_ % shape_.page_tokens});
    ops_->WriteKv(shape_, k, v, slots);
  }
  void Clear() { written_ = 0; }

  // `count` keys from `first` on.
  KeyRun Run(size_t first, size_t count, size_t gradient_row = 0) const {
    return {.pages = std::span(pages_).subspan(first / shape_.page_tokens),
            .first = first % shape_.page_tokens,
            .count = count,
            .gradient_row = gradient_row};
  }
  // Rows that see the first `num_before` keys and their own, which follow. Key gradients go to rows
  // from row_begin on.
  AttentionSequence Sequence(size_t row_begin, size_t row_end, size_t num_before) {
    views_.push_back(Run(0, num_before + row_end - row_begin, row_begin));
    return {.keys = {&views_.back(), 1}, .row_begin = row_begin, .row_end = row_end};
  }

 private:
  Ops<Real>* ops_;
  AttentionShape shape_;
  std::vector<AlignedBuffer> memory_;
  std::vector<const std::byte*> pages_;
  std::deque<KeyRun> views_;  // of the sequences given out, which point at them
  size_t written_ = 0;
};

}  // namespace winnow::device
