#include "model/kv_pages.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/check.h"

namespace winnow::model {

device::AttentionShape ShapeOfAttention(const ModelConfig& config, size_t page_tokens) {
  return {.heads = config.num_heads,
          .kv_heads = config.num_kv_heads,
          .head_dim = config.head_dim,
          .page_tokens = page_tokens,
          .scale = 1.0 / std::sqrt(static_cast<double>(config.head_dim))};
}

template <typename Real>
KvPages<Real>::KvPages(const ModelConfig& config, size_t element_bytes, size_t num_layers,
                       size_t page_tokens, size_t num_pages)
    : heads_(2 * config.num_kv_heads),
      token_bytes_(config.head_dim * element_bytes),
      num_layers_(num_layers),
      page_tokens_(page_tokens) {
  WINNOW_CHECK_GT(page_tokens, 0u);
  Reserve(num_pages);
}

template <typename Real>
void KvPages<Real>::Reserve(size_t num_pages) {
  if (num_pages <= num_pages_) return;
  num_pages_ = num_pages;
  bytes_.Reserve(num_layers_ * num_pages_ * heads_ * page_tokens_ * token_bytes_);
}

template <typename Real>
std::byte* KvPages<Real>::Page(size_t layer, int32_t page) {
  WINNOW_CHECK_LT(layer, num_layers_);
  WINNOW_CHECK_LT(static_cast<size_t>(page), num_pages_);
  const size_t index = layer * num_pages_ + static_cast<size_t>(page);
  return bytes_.data() + index * heads_ * page_tokens_ * token_bytes_;
}

template <typename Real>
void KvPages<Real>::CopyPage(int32_t from, int32_t to, size_t tokens) {
  WINNOW_CHECK_LE(tokens, page_tokens_);
  for (size_t layer = 0; layer < num_layers_; ++layer) {
    for (size_t head = 0; head < heads_; ++head) {
      const size_t offset = head * page_tokens_ * token_bytes_;
      std::memcpy(Page(layer, to) + offset, Page(layer, from) + offset, tokens * token_bytes_);
    }
  }
}

template <typename Real>
void PagedRows<Real>::Assign(std::span<const PassSequence> sequences, size_t num_rows,
                             size_t page_tokens) {
  positions_.resize(num_rows);
  slot_pages_.resize(num_rows);
  slots_.resize(num_rows);
  page_ids_.clear();
  runs_.clear();
  sequences_.clear();
  max_position_ = 0;
  size_t covered = 0;
  for (const PassSequence& sequence : sequences) {
    WINNOW_CHECK_LE(sequence.row_begin, sequence.row_end);
    WINNOW_CHECK_LE(sequence.row_end, num_rows);
    const size_t rows = sequence.row_end - sequence.row_begin;
    const size_t used_pages = (sequence.num_cached + rows + page_tokens - 1) / page_tokens;
    WINNOW_CHECK_LE(used_pages, sequence.pages.size());
    covered += rows;
    for (size_t i = 0; i < rows; ++i) {
      const size_t row = sequence.row_begin + i, position = sequence.num_cached + i;
      positions_[row] = static_cast<int32_t>(position);
      slot_pages_[row] = sequence.pages[position / page_tokens];
      slots_[row].slot = position % page_tokens;
      max_position_ = std::max(max_position_, positions_[row]);
    }
    page_ids_.insert(page_ids_.end(), sequence.pages.begin(),
                     sequence.pages.begin() + static_cast<ptrdiff_t>(used_pages));
    runs_.push_back({.count = sequence.num_cached + rows, .gradient_row = sequence.row_begin});
    sequences_.push_back({.row_begin = sequence.row_begin, .row_end = sequence.row_end});
  }
  WINNOW_CHECK_EQ(covered, num_rows);
  pages_.resize(page_ids_.size());
  size_t first = 0;
  for (size_t i = 0; i < sequences_.size(); ++i) {
    const size_t count = (runs_[i].count + page_tokens - 1) / page_tokens;
    runs_[i].pages = std::span(pages_).subspan(first, count);
    sequences_[i].keys = std::span(runs_).subspan(i, 1);
    first += count;
  }
}

template <typename Real>
void PagedRows<Real>::PointAt(KvPages<Real>* kv, size_t layer) {
  for (size_t i = 0; i < page_ids_.size(); ++i) pages_[i] = kv->Page(layer, page_ids_[i]);
  for (size_t r = 0; r < slots_.size(); ++r) slots_[r].page = kv->Page(layer, slot_pages_[r]);
}

template class KvPages<float>;
template class KvPages<double>;
template class PagedRows<float>;
template class PagedRows<double>;

}  // namespace winnow::model
