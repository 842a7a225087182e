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
void PagedRows<Real>::Start(size_t num_rows, size_t page_tokens) {
  page_tokens_ = page_tokens;
  num_added_ = 0;
  max_position_ = 0;
  positions_.resize(num_rows);
  slot_pages_.resize(num_rows);
  slots_.resize(num_rows);
  run_spans_.clear();
  run_pages_.assign(1, 0);
  sequence_runs_.assign(1, 0);
  page_ids_.clear();
  sequences_.clear();
}

template <typename Real>
void PagedRows<Real>::AddRun(const KeySpan& keys) {
  if (keys.count == 0) return;
  if (run_spans_.size() > sequence_runs_.back()) {
    KeySpan& last = run_spans_.back();
    if (last.pages.data() == keys.pages.data() && last.first + last.count == keys.first &&
        last.row + last.count == keys.row) {
      last.count += keys.count;
      return;
    }
  }
  run_spans_.push_back(keys);
}

template <typename Real>
void PagedRows<Real>::Add(size_t row_begin, size_t row_end, size_t first_position,
                          std::span<const KeySpan> earlier, const KeySpan& own) {
  WINNOW_CHECK_LE(row_begin, row_end);
  WINNOW_CHECK_LE(row_end, positions_.size());
  WINNOW_CHECK_EQ(own.count, row_end - row_begin);
  WINNOW_CHECK_LE(own.first + own.count, own.pages.size() * page_tokens_);
  for (size_t i = 0; i < own.count; ++i) {
    const size_t row = row_begin + i, slot = own.first + i;
    positions_[row] = static_cast<int32_t>(first_position + i);
    slot_pages_[row] = own.pages[slot / page_tokens_];
    slots_[row].slot = slot % page_tokens_;
    max_position_ = std::max(max_position_, positions_[row]);
  }
  for (const KeySpan& keys : earlier) AddRun(keys);
  AddRun(own);
  sequence_runs_.push_back(run_spans_.size());
  sequences_.push_back({.row_begin = row_begin, .row_end = row_end});
  num_added_ += own.count;
}

template <typename Real>
void PagedRows<Real>::Finish() {
  WINNOW_CHECK_EQ(num_added_, positions_.size());
  runs_.clear();
  for (const KeySpan& keys : run_spans_) {
    const size_t begin = keys.first / page_tokens_;
    const size_t end = (keys.first + keys.count + page_tokens_ - 1) / page_tokens_;
    page_ids_.insert(page_ids_.end(), keys.pages.begin() + static_cast<ptrdiff_t>(begin),
                     keys.pages.begin() + static_cast<ptrdiff_t>(end));
    run_pages_.push_back(page_ids_.size());
    runs_.push_back(
        {.first = keys.first % page_tokens_, .count = keys.count, .gradient_row = keys.row});
  }
  pages_.resize(page_ids_.size());
  for (size_t i = 0; i < runs_.size(); ++i) {
    runs_[i].pages = std::span(pages_).subspan(run_pages_[i], run_pages_[i + 1] - run_pages_[i]);
  }
  for (size_t i = 0; i < sequences_.size(); ++i) {
    sequences_[i].keys =
        std::span(runs_).subspan(sequence_runs_[i], sequence_runs_[i + 1] - sequence_runs_[i]);
  }
}

template <typename Real>
void PagedRows<Real>::Assign(std::span<const PassSequence> sequences, size_t num_rows,
                             size_t page_tokens) {
  Start(num_rows, page_tokens);
  for (const PassSequence& sequence : sequences) {
    const size_t rows = sequence.row_end - sequence.row_begin;
    const KeySpan cached{.pages = sequence.pages, .count = sequence.num_cached};
    earlier_.clear();
    AppendVisible(std::span(&cached, 1), sequence.num_cached, sequence.holes, &earlier_);
    Add(sequence.row_begin, sequence.row_end, sequence.first_position.value_or(sequence.num_cached),
        earlier_,
        {.pages = sequence.pages,
         .first = sequence.num_cached,
         .count = rows,
         .row = sequence.num_cached});
  }
  Finish();
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
