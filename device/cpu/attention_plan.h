#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "device/cpu/kernels.h"

namespace winnow::device {

// Visible keys of a sequence's first row beside its own. Checks that keys and pages are enough.
size_t KeysBefore(const AttentionShape& shape, const AttentionSequence& sequence);

// Appends the keys [begin, end) of the runs.
void AppendSlots(std::span<const KeyRun> runs, size_t begin, size_t end,
                 std::vector<KeySlots>* slots);

// How the rows of a pass are cut into tiles of at most kQueryTile rows, which read keys together.
// Consecutive sequences with few rows and a prefix in common share a tile: in it each key that
// several of them see is one segment, however often they branch. Memory is reused between passes.
class AttentionPlan {
 public:
  struct Tile {
    size_t first_row = 0;
    size_t num_rows = 0;
    size_t first_segment = 0;
    size_t num_segments = 0;
    size_t num_keys = 0;  // most that a row sees
  };
  // A tile for one kv head.
  struct Task {
    size_t tile = 0;
    size_t kv_head = 0;
  };

  // Sequences are borrowed for the call. Tasks come out even over `threads`.
  void Make(const AttentionShape& shape, std::span<const AttentionSequence> sequences,
            size_t real_bytes, size_t threads);

  std::span<const Tile> tiles() const { return tiles_; }
  std::span<const Task> tasks() const { return tasks_; }
  const TileRow* rows(const Tile& tile) const { return rows_.data() + tile.first_row; }
  const KeySegment* segments(const Tile& tile) const {
    return segments_.data() + tile.first_segment;
  }
  size_t most_scratch() const { return most_scratch_; }    // elements of Real of any task
  size_t multiply_adds() const { return multiply_adds_; }  // of all tasks

 private:
  // Rows of one sequence in one tile.
  struct Part {
    std::span<const KeyRun> keys;
    size_t row_begin = 0;
    size_t row_end = 0;
    size_t before = 0;     // keys that its first row sees beside its own
    size_t in_common = 0;  // of them, with the part before
    size_t most_rows = 0;  // of a tile that it is in
  };

  void AddParts(const AttentionShape& shape, const AttentionSequence& sequence, size_t real_bytes);
  // The parts [begin, end) become a tile.
  void AddTile(const AttentionShape& shape, size_t begin, size_t end);
  // Segments of the parts [begin, end), whose rows begin at `row` of the tile, from key `key` on.
  // Returns the row after theirs.
  size_t AddSegments(size_t begin, size_t end, size_t key, size_t row);
  void AddSegment(const Part& part, KeySegment segment);
  // A number of tasks that leaves threads idle at the end: the last ones are split.
  void SplitLast(const AttentionShape& shape, size_t threads);

  std::vector<Part> parts_;
  std::vector<size_t> tile_ends_;  // part after each tile's last
  std::vector<Tile> tiles_;
  std::vector<Task> tasks_;
  std::vector<TileRow> rows_;
  std::vector<KeySegment> segments_;
  std::vector<size_t> first_slots_;  // of each segment
  std::vector<KeySlots> slots_;
  size_t most_scratch_ = 0;
  size_t multiply_adds_ = 0;
};

}  // namespace winnow::device
