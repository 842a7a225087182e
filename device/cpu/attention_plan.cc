#include "device/cpu/attention_plan.h"

#include <algorithm>

#include "base/check.h"

namespace winnow::device {
namespace {

// The scores of a tile should stay in the second-level cache, but a key read for few rows is dear.
constexpr size_t kScoreBytes = 512 * 1024;
constexpr size_t kFewestRows = 4;

size_t NumKeys(std::span<const KeyRun> runs) {
  size_t keys = 0;
  for (const KeyRun& run : runs) keys += run.count;
  return keys;
}

// Where a walk over runs stands.
struct RunCursor {
  std::span<const KeyRun> runs;
  size_t run = 0;
  size_t key = 0;  // of the run

  bool AtEnd() {
    while (run < runs.size() && key == runs[run].count) {
      ++run;
      key = 0;
    }
    return run == runs.size();
  }
  size_t slot() const { return runs[run].first + key; }
};

// Keys at the start of both views that lie in the same slots.
size_t CommonKeys(std::span<const KeyRun> a, std::span<const KeyRun> b, size_t page_tokens) {
  RunCursor x{a}, y{b};
  size_t common = 0;
  while (!x.AtEnd() && !y.AtEnd()) {
    const size_t slot = x.slot() % page_tokens;
    if (slot != y.slot() % page_tokens ||
        a[x.run].pages[x.slot() / page_tokens] != b[y.run].pages[y.slot() / page_tokens])
      break;
    const size_t count =
        std::min({page_tokens - slot, a[x.run].count - x.key, b[y.run].count - y.key});
    x.key += count;
    y.key += count;
    common += count;
  }
  return common;
}

}  // namespace

size_t KeysBefore(const AttentionShape& shape, const AttentionSequence& sequence) {
  const size_t keys = NumKeys(sequence.keys), rows = sequence.row_end - sequence.row_begin;
  WINNOW_CHECK_LE(rows, keys);
  for (const KeyRun& run : sequence.keys)
    WINNOW_CHECK_LE(run.first + run.count, run.pages.size() * shape.page_tokens);
  return keys - rows;
}

void AppendSlots(std::span<const KeyRun> runs, size_t begin, size_t end,
                 std::vector<KeySlots>* slots) {
  size_t key = 0;  // the run's first
  for (const KeyRun& run : runs) {
    if (key >= end) break;
    const size_t from = std::max(begin, key), to = std::min(end, key + run.count);
    if (from < to)
      slots->push_back({.pages = run.pages.data(),
                        .first = run.first + from - key,
                        .count = to - from,
                        .gradient_row = run.gradient_row + from - key});
    key += run.count;
  }
}

void AttentionPlan::Make(const AttentionShape& shape, std::span<const AttentionSequence> sequences,
                         size_t real_bytes, size_t threads) {
  parts_.clear();
  tile_ends_.clear();
  tiles_.clear();
  tasks_.clear();
  rows_.clear();
  segments_.clear();
  first_slots_.clear();
  slots_.clear();
  most_scratch_ = multiply_adds_ = 0;
  for (const AttentionSequence& sequence : sequences) AddParts(shape, sequence, real_bytes);
  for (size_t begin = 0, end = 0; begin < parts_.size(); begin = end) {
    size_t num_rows = 0, most_rows = parts_[begin].most_rows;
    for (; end < parts_.size(); ++end) {
      const Part& part = parts_[end];
      num_rows += part.row_end - part.row_begin;
      most_rows = std::min(most_rows, part.most_rows);
      if (end > begin && (num_rows > most_rows || part.in_common < kKeyGroup)) break;
    }
    AddTile(shape, begin, end);
    for (size_t h = 0; h < shape.kv_heads; ++h) tasks_.push_back({tiles_.size() - 1, h});
  }
  for (const Task& task : tasks_) {
    const Tile& tile = tiles_[task.tile];
    multiply_adds_ +=
        2 * tile.num_rows * tile.num_keys * shape.head_dim * (shape.heads / shape.kv_heads);
  }
  SplitLast(shape, threads);
  for (size_t i = 0; i < segments_.size(); ++i)
    segments_[i].slots = slots_.data() + first_slots_[i];
}

void AttentionPlan::AddParts(const AttentionShape& shape, const AttentionSequence& sequence,
                             size_t real_bytes) {
  const size_t before = KeysBefore(shape, sequence);
  const size_t rows = sequence.row_end - sequence.row_begin;
  const size_t row_bytes = (before + rows) * (shape.heads / shape.kv_heads) * real_bytes;
  const size_t most_rows =
      std::clamp(kScoreBytes / std::max<size_t>(1, row_bytes), kFewestRows, kQueryTile);
  for (size_t row = 0; row < rows; row += most_rows) {
    Part part{.keys = sequence.keys,
              .row_begin = sequence.row_begin + row,
              .row_end = sequence.row_begin + std::min(rows, row + most_rows),
              .before = before + row,
              .most_rows = most_rows};
    if (row == 0 && !parts_.empty() &&
        part.row_end - part.row_begin + parts_.back().row_end - parts_.back().row_begin <=
            most_rows)
      part.in_common = std::min({CommonKeys(parts_.back().keys, part.keys, shape.page_tokens),
                                 parts_.back().before, part.before});
    parts_.push_back(part);
  }
}

void AttentionPlan::AddTile(const AttentionShape& shape, size_t begin, size_t end) {
  Tile tile{.first_row = rows_.size(), .first_segment = segments_.size()};
  for (size_t p = begin; p < end; ++p) {
    const Part& part = parts_[p];
    for (size_t row = part.row_begin; row < part.row_end; ++row)
      rows_.push_back({.row = row, .visible = part.before + 1 + row - part.row_begin});
    tile.num_keys = std::max(tile.num_keys, rows_.back().visible);
  }
  tile.num_rows = rows_.size() - tile.first_row;
  AddSegments(begin, end, /*key=*/0, /*row=*/0);
  tile.num_segments = segments_.size() - tile.first_segment;
  most_scratch_ = std::max(most_scratch_, AttentionScratch(shape, tile.num_rows, tile.num_keys));
  tiles_.push_back(tile);
  tile_ends_.push_back(end);
}

size_t AttentionPlan::AddSegments(size_t begin, size_t end, size_t key, size_t row) {
  const Part& part = parts_[begin];
  if (end - begin == 1) {
    const size_t rows = part.row_end - part.row_begin;
    AddSegment(part,
               {.begin = key, .end = part.before + rows, .row_begin = row, .row_end = row + rows});
    return row + rows;
  }
  // All have `common` keys in common; neighbours with more go on together.
  size_t common = parts_[begin + 1].in_common, row_end = row;
  for (size_t p = begin + 1; p < end; ++p) common = std::min(common, parts_[p].in_common);
  for (size_t p = begin; p < end; ++p) row_end += parts_[p].row_end - parts_[p].row_begin;
  if (common > key)
    AddSegment(part, {.begin = key, .end = common, .row_begin = row, .row_end = row_end});
  for (size_t first = begin, p = begin + 1; p <= end; ++p) {
    if (p < end && parts_[p].in_common > common) continue;
    row = AddSegments(first, p, common, row);
    first = p;
  }
  return row;
}

void AttentionPlan::AddSegment(const Part& part, KeySegment segment) {
  first_slots_.push_back(slots_.size());
  AppendSlots(part.keys, segment.begin, segment.end, &slots_);
  segments_.push_back(segment);
}

void AttentionPlan::SplitLast(const AttentionShape& shape, size_t threads) {
  const size_t left_over = tasks_.size() % threads;
  if (left_over == 0 || left_over > shape.kv_heads || tasks_.size() >= 4 * threads) return;
  const size_t end = tile_ends_.back();
  const size_t begin = tile_ends_.size() > 1 ? tile_ends_[tile_ends_.size() - 2] : 0;
  const size_t pieces = std::min(threads, end - begin);
  if (pieces == 1) return;
  tasks_.resize(tasks_.size() - left_over);
  for (size_t piece = 0; piece < pieces; ++piece) {
    AddTile(shape, begin + (end - begin) * piece / pieces,
            begin + (end - begin) * (piece + 1) / pieces);
    for (size_t h = shape.kv_heads - left_over; h < shape.kv_heads; ++h)
      tasks_.push_back({tiles_.size() - 1, h});
  }
}

}  // namespace winnow::device
