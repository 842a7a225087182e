#include "model/row_plan.h"

#include <algorithm>

#include "base/check.h"

namespace winnow::model {
namespace {

constexpr size_t kBlockRows = 64;  // learner.md §7; part of a gradient's bits

// Blocks of [begin, end) from its start.
void AppendBlocks(size_t begin, size_t end, std::vector<device::RowBlock>* blocks) {
  for (; begin < end; begin += kBlockRows) {
    blocks->push_back({begin, std::min(end, begin + kBlockRows)});
  }
}

// The last wanted token, 0 without one: rows before it are run.
size_t LastWanted(const TrainSequence& sequence) {
  size_t t = sequence.mask.size();
  while (t > 0 && sequence.mask[t - 1] == 0) --t;
  return t == 0 ? 0 : t - 1;
}

// Per sequence, how many leading tokens must have keys: for itself, and for those that share them.
std::vector<size_t> TokensToRun(std::span<const TrainSequence> sequences) {
  std::vector<size_t> counts(sequences.size());
  for (size_t i = sequences.size(); i-- > 0;) {
    counts[i] = LastWanted(sequences[i]);
    if (i + 1 < sequences.size() && counts[i + 1] > 0) {
      counts[i] = std::max(counts[i], sequences[i + 1].num_shared);
    }
  }
  return counts;
}

void CheckSequence(const TrainSequence& sequence, const TrainSequence* before) {
  WINNOW_CHECK_EQ(sequence.tokens.size(), sequence.mask.size());
  size_t token = 0;
  for (const TrainSegment& segment : sequence.segments) {
    WINNOW_CHECK_EQ(segment.begin, token);
    WINNOW_CHECK_LT(segment.begin, segment.end);
    token = segment.end;
  }
  WINNOW_CHECK(sequence.segments.empty() || token == sequence.tokens.size());
  if (sequence.num_shared == 0) return;
  WINNOW_CHECK(before != nullptr);
  WINNOW_CHECK_LE(sequence.num_shared, sequence.tokens.size());
  WINNOW_CHECK_LE(sequence.num_shared, before->tokens.size());
  WINNOW_CHECK(std::equal(sequence.tokens.begin(),
                          sequence.tokens.begin() + static_cast<ptrdiff_t>(sequence.num_shared),
                          before->tokens.begin()));
  for (size_t t = 0; t < sequence.num_shared; ++t) WINNOW_CHECK(sequence.mask[t] == 0);
}

size_t RowOf(std::span<const KeySpan> keys, size_t token) {
  for (const KeySpan& span : keys) {
    if (token < span.count) return span.row + token;
    token -= span.count;
  }
  WINNOW_CHECK(false);
}

}  // namespace

template <typename Real>
std::span<const KeySpan> RowPlan<Real>::KeysOf(size_t sequence) const {
  return std::span(keys_).subspan(key_begins_[sequence],
                                  key_begins_[sequence + 1] - key_begins_[sequence]);
}

template <typename Real>
void RowPlan<Real>::Assign(std::span<const TrainSequence> sequences, size_t page_tokens,
                           size_t max_chunk_rows) {
  WINNOW_CHECK_GE(max_chunk_rows, kBlockRows);
  tokens_.clear();
  wanted_rows_.clear();
  head_rows_.labels.clear();
  head_rows_.blocks.clear();
  blocks_.clear();
  stretches_.clear();
  keys_.clear();
  key_begins_.assign(1, 0);
  const std::vector<size_t> counts = TokensToRun(sequences);
  num_pages_ = 0;
  for (size_t i = 0; i < sequences.size(); ++i) {
    const size_t shared = sequences[i].num_shared;
    if (counts[i] > shared) num_pages_ += (counts[i] - shared + page_tokens - 1) / page_tokens;
  }
  for (size_t page = page_ids_.size(); page < num_pages_; ++page) {
    page_ids_.push_back(static_cast<int32_t>(page));
  }
  size_t first_page = 0;
  for (size_t i = 0; i < sequences.size(); ++i) {
    CheckSequence(sequences[i], i == 0 ? nullptr : &sequences[i - 1]);
    const size_t shared = std::min(sequences[i].num_shared, counts[i]);
    if (shared > 0) {
      const std::vector<KeySpan> before(KeysOf(i - 1).begin(), KeysOf(i - 1).end());
      AppendVisible(before, shared, /*holes=*/{}, &keys_);
    }
    if (counts[i] > shared) {
      const size_t rows = counts[i] - shared, pages = (rows + page_tokens - 1) / page_tokens;
      keys_.push_back({.pages = std::span(page_ids_).subspan(first_page, pages),
                       .count = rows,
                       .row = tokens_.size()});
      first_page += pages;
    }
    key_begins_.push_back(keys_.size());
    AddSequence(sequences[i], i, counts[i]);
  }
  CutIntoChunks(max_chunk_rows);
  for (Chunk& chunk : chunks()) FillChunk(page_tokens, &chunk);
}

template <typename Real>
void RowPlan<Real>::AddSequence(const TrainSequence& sequence, size_t index, size_t num_run) {
  const size_t row_begin = tokens_.size(), wanted_begin = wanted_rows_.size();
  if (num_run > sequence.num_shared) {
    tokens_.insert(tokens_.end(),
                   sequence.tokens.begin() + static_cast<ptrdiff_t>(sequence.num_shared),
                   sequence.tokens.begin() + static_cast<ptrdiff_t>(num_run));
    AppendBlocks(row_begin, tokens_.size(), &blocks_);
    AddStretches(sequence, index, num_run, row_begin);
  }
  for (size_t t = 0; t < sequence.mask.size(); ++t) {
    if (sequence.mask[t] == 0) continue;
    WINNOW_CHECK_GT(t, 0u);
    wanted_rows_.push_back(RowOf(KeysOf(index), t - 1));
    head_rows_.labels.push_back(sequence.tokens[t]);
  }
  AppendBlocks(wanted_begin, wanted_rows_.size(), &head_rows_.blocks);
}

template <typename Real>
void RowPlan<Real>::AddStretches(const TrainSequence& sequence, size_t index, size_t end,
                                 size_t row_begin) {
  const TrainSegment whole{.end = sequence.tokens.size()};
  const std::span<const TrainSegment> segments =
      sequence.segments.empty() ? std::span(&whole, 1) : sequence.segments;
  for (const TrainSegment& segment : segments) {
    const size_t first = std::max(segment.begin, sequence.num_shared);
    const size_t last = std::min(segment.end, end);
    if (first >= last) continue;
    stretches_.push_back({.sequence = index,
                          .row_begin = row_begin + (first - sequence.num_shared),
                          .row_end = row_begin + (last - sequence.num_shared),
                          .token = first,
                          .position = segment.first_position + (first - segment.begin),
                          .holes = segment.holes});
  }
}

template <typename Real>
void RowPlan<Real>::CutIntoChunks(size_t max_chunk_rows) {
  num_chunks_ = 0;
  for (const device::RowBlock& block : blocks_) {
    if (num_chunks_ == 0 || block.end - chunks_[num_chunks_ - 1].row_begin > max_chunk_rows) {
      if (num_chunks_ == chunks_.size()) chunks_.emplace_back();
      Chunk& fresh = chunks_[num_chunks_++];
      fresh.row_begin = block.begin;
      fresh.blocks.clear();
    }
    Chunk& chunk = chunks_[num_chunks_ - 1];
    chunk.row_end = block.end;
    chunk.blocks.push_back({block.begin - chunk.row_begin, block.end - chunk.row_begin});
  }
}

template <typename Real>
void RowPlan<Real>::FillChunk(size_t page_tokens, Chunk* chunk) {
  chunk->rows.Start(chunk->num_rows(), page_tokens);
  for (const Stretch& stretch : stretches_) {
    const size_t begin = std::max(stretch.row_begin, chunk->row_begin);
    const size_t end = std::min(stretch.row_end, chunk->row_end);
    if (begin >= end) continue;
    const size_t ahead = begin - stretch.row_begin;  // rows of the stretch in earlier chunks
    earlier_.clear();
    AppendVisible(KeysOf(stretch.sequence), stretch.token + ahead, stretch.holes, &earlier_);
    KeySpan own = KeysOf(stretch.sequence).back();
    own.first += begin - own.row;
    own.count = end - begin;
    own.row = begin;
    chunk->rows.Add(begin - chunk->row_begin, end - chunk->row_begin, stretch.position + ahead,
                    earlier_, own);
  }
  chunk->rows.Finish();
}

template <typename Real>
size_t RowPlan<Real>::most_chunk_rows() const {
  size_t most = 0;
  for (size_t i = 0; i < num_chunks_; ++i) most = std::max(most, chunks_[i].num_rows());
  return most;
}

template <typename Real>
size_t RowPlan<Real>::num_positions() const {
  int32_t last = 0;
  for (size_t i = 0; i < num_chunks_; ++i) last = std::max(last, chunks_[i].rows.max_position());
  return static_cast<size_t>(last) + 1;
}

template class RowPlan<float>;
template class RowPlan<double>;

}  // namespace winnow::model
