#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "device/ops.h"
#include "model/buffer.h"
#include "model/config.h"
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
  std::byte* Page(size_t layer, int32_t page);

 private:
  const size_t heads_;        // kv heads, keys and values counted apart
  const size_t token_bytes_;  // of one head's key
  const size_t num_layers_;
  const size_t page_tokens_;
  size_t num_pages_ = 0;
  Buffer<std::byte> bytes_;
};

// The rows of a pass with their pages, in the form that a device asks for, one layer at a time.
// Kept between passes to reuse its memory.
template <typename Real>
class PagedRows {
 public:
  // Takes the sequences of a pass of `num_rows` rows. Page lists are read here only.
  // REQUIRES: sequences have disjoint rows that cover [0, num_rows), and enough pages.
  void Assign(std::span<const PassSequence> sequences, size_t num_rows, size_t page_tokens);
  // Points slots() and sequences() at the pages of one layer.
  void PointAt(KvPages<Real>* kv, size_t layer);

  std::span<const int32_t> positions() const { return positions_; }  // [R]
  std::span<const device::KvSlot> slots() const { return slots_; }   // [R]
  std::span<const device::AttentionSequence> sequences() const { return sequences_; }
  size_t num_rows() const { return positions_.size(); }
  int32_t max_position() const { return max_position_; }

 private:
  std::vector<int32_t> positions_;
  std::vector<int32_t> slot_pages_;  // page id of each row
  std::vector<device::KvSlot> slots_;
  std::vector<int32_t> page_ids_;        // of all sequences, one after the other
  std::vector<const std::byte*> pages_;  // the same, as pointers
  std::vector<device::KeyRun> runs_;     // one a sequence
  std::vector<device::AttentionSequence> sequences_;
  int32_t max_position_ = 0;
};

}  // namespace winnow::model
