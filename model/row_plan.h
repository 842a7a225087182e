#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "device/ops.h"
#include "model/head.h"
#include "model/key_spans.h"
#include "model/kv_pages.h"
#include "model/policy.h"

namespace winnow::model {

// Which rows a training pass runs, where their keys go, and in which chunks.
// Of each sequence the tokens from its shared ones to its last wanted one (not included) are rows;
// so the head's rows, in (sequence, position) order, are those before the wanted tokens. Shared
// tokens are rows of an earlier sequence, whose last one may thus predict several tokens.
// Memory is kept between passes.
template <typename Real>
class RowPlan {
 public:
  // Consecutive rows of the pass whose activations exist together; blocks are never cut.
  struct Chunk {
    size_t row_begin = 0;
    size_t row_end = 0;
    std::vector<device::RowBlock> blocks;  // relative to row_begin
    PagedRows<Real> rows;                  // relative to row_begin; gradient rows are absolute
    size_t num_rows() const { return row_end - row_begin; }
  };

  // `max_chunk_rows` is at least 64. Token ids are read here only.
  void Assign(std::span<const TrainSequence> sequences, size_t page_tokens, size_t max_chunk_rows);

  std::span<const int32_t> tokens() const { return tokens_; }           // [R]
  std::span<const size_t> wanted_rows() const { return wanted_rows_; }  // [N], may repeat
  const HeadRows& head_rows() const { return head_rows_; }              // [N]
  std::span<Chunk> chunks() { return {chunks_.data(), num_chunks_}; }
  size_t num_rows() const { return tokens_.size(); }
  size_t num_pages() const { return num_pages_; }
  size_t most_chunk_rows() const;
  size_t num_positions() const;

 private:
  // Rows of one sequence that share a view.
  struct Stretch {
    size_t sequence = 0;
    size_t row_begin = 0;
    size_t row_end = 0;
    size_t token = 0;     // of the first row
    size_t position = 0;  // of the first row
    std::span<const TokenInterval> holes;
  };

  void AddSequence(const TrainSequence& sequence, size_t index, size_t num_run);
  void AddStretches(const TrainSequence& sequence, size_t index, size_t end, size_t row_begin);
  void CutIntoChunks(size_t max_chunk_rows);
  void FillChunk(size_t page_tokens, Chunk* chunk);
  // Where tokens 0, 1, … of a sequence have their keys.
  std::span<const KeySpan> KeysOf(size_t sequence) const;

  std::vector<int32_t> tokens_;
  std::vector<size_t> wanted_rows_;
  HeadRows head_rows_;
  std::vector<device::RowBlock> blocks_;
  std::vector<Stretch> stretches_;
  std::vector<KeySpan> keys_;
  std::vector<size_t> key_begins_;  // of each sequence in keys_, and the end
  std::vector<int32_t> page_ids_;   // 0, 1, …
  std::vector<Chunk> chunks_;       // num_chunks_ of them are in use
  size_t num_chunks_ = 0;
  size_t num_pages_ = 0;
  std::vector<KeySpan> earlier_;  // of one stretch
};

}  // namespace winnow::model
