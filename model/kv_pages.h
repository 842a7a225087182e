#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "device/ops.h"
#include "model/buffer.h"
#include "model/config.h"
#include "model/key_spans.h"
#include "model/policy.h"

namespace winnow::model {

// The attention of a configuration over pages of `page_tokens` keys.
device::AttentionShape ShapeOfAttention(const ModelConfig& config, size_t page_tokens);

// Pages of keys and values: [layer][page][K, V][kv_heads][page_tokens][head_dim] in KV elements.
// Memory is touched when it is written. Threads: one writer at a time.
template <typename Real>
class KvPages : public KvStorage<Real> {
 public:
  KvPages(const ModelConfig& config, size_t element_bytes, size_t num_layers, size_t page_tokens,
          size_t num_pages);

  size_t page_tokens() const override { return page_tokens_; }
  size_t num_pages() const override { return num_pages_; }
  void CopyPage(int32_t from, int32_t to, size_t tokens) override;

  // At least as many pages; contents are lost if it grows.
  void Reserve(size_t num_pages);
  size_t size_bytes() const { return bytes_.size_bytes(); }
  std::byte* Page(size_t layer, int32_t page);

 private:
  const size_t heads_;        // kv heads, keys and values counted apart
  const size_t token_bytes_;  // of one head's key
  const size_t num_layers_;
  const size_t page_tokens_;
  size_t num_pages_ = 0;
  Buffer<std::byte> bytes_;
};

// The rows of a pass with their keys, in the form that a device asks for, one layer at a time.
// Kept between passes to reuse its memory.
template <typename Real>
class PagedRows {
 public:
  // Takes the sequences of an inference pass of `num_rows` rows. Page lists are read here only.
  // REQUIRES: sequences have disjoint rows that cover [0, num_rows), and enough pages.
  void Assign(std::span<const PassSequence> sequences, size_t num_rows, size_t page_tokens);

  // The same in parts: Start, then Add for each stretch of rows that share a view.
  void Start(size_t num_rows, size_t page_tokens);
  // Rows [row_begin, row_end) at positions from first_position on, which see `earlier`, in this
  // order, and each other. Their own keys go to `own`, as many as there are rows.
  void Add(size_t row_begin, size_t row_end, size_t first_position,
           std::span<const KeySpan> earlier, const KeySpan& own);
  // REQUIRES: every row was added once.
  void Finish();

  // Points slots() and sequences() at the pages of one layer.
  void PointAt(KvPages<Real>* kv, size_t layer);

  std::span<const int32_t> positions() const { return positions_; }  // [R]
  std::span<const device::KvSlot> slots() const { return slots_; }   // [R]
  std::span<const device::AttentionSequence> sequences() const { return sequences_; }
  size_t num_rows() const { return positions_.size(); }
  int32_t max_position() const { return max_position_; }

 private:
  void AddRun(const KeySpan& keys);

  size_t page_tokens_ = 1;
  size_t num_added_ = 0;
  std::vector<int32_t> positions_;
  std::vector<int32_t> slot_pages_;  // page id of each row
  std::vector<device::KvSlot> slots_;
  std::vector<KeySpan> earlier_;  // of one sequence, while it is added
  // Runs of all sequences, one after the other, and the pages of each run likewise.
  std::vector<device::KeyRun> runs_;
  std::vector<KeySpan> run_spans_;           // the same, by page id
  std::vector<size_t> run_pages_ = {0};      // pages before each run, and the end
  std::vector<size_t> sequence_runs_ = {0};  // runs before each sequence, and the end
  std::vector<int32_t> page_ids_;
  std::vector<const std::byte*> pages_;  // page_ids_ as pointers
  std::vector<device::AttentionSequence> sequences_;
  int32_t max_position_ = 0;
};

}  // namespace winnow::model
