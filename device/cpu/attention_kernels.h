#pragma once

#include <cstddef>

#include "device/cpu/attention_blocks.h"

namespace winnow::device {

// Attention of the rows of a tile, for one kv head and the query heads that share it. Orders
// (cpu.md §1), whatever the tiling:
//   score  = scale · (dot product over lanes = dimension mod 16, ascending, then the tree)
//   sum    = over lanes = index of the visible key mod 16, ascending, then the tree
//   out    = (Σ e_j v_j by fma, keys ascending) / sum
// All scores of the tile are held, and each pass reads a key once for all rows that see it: rows of
// several sequences read the keys that these have in common together (as Hydragen, arXiv
// 2402.05099), then go on alone. Nothing is merged afterwards, so sharing changes no bit.
template <class L, bool kBf16>
struct AttentionKernels {
  using Real = typename L::Real;
  using Element = KvElement<L, kBf16>;

  // Queries are ordered row by row, and within a row by head: query i is row i / group.
  struct Tile {
    size_t padded;
    size_t group;
    size_t queries;
    size_t s_stride;
    Real* q;         // [queries, padded]
    Real* acc;       // [queries, padded]
    Real* stats;     // [queries, 2], maximum and sum
    Real* keys;      // [padded, kKeyGroup] keys or [kKeyGroup, padded] values
    Element* stage;  // [kKeyGroup, head_dim] for keys that lie in pieces
    Real* scores;    // [queries, s_stride], then exponentials
  };

  static Tile Layout(const AttentionTask<Real>& t) {
    Tile s;
    s.padded = RoundUp(t.shape->head_dim, 16);
    s.group = t.shape->heads / t.shape->kv_heads;
    s.queries = t.num_rows * s.group;
    // Groups of keys begin anywhere, and are stored whole.
    s.s_stride = RoundUp(t.num_keys + kKeyGroup - 1, kKeyGroup);
    s.q = t.scratch;
    s.acc = s.q + s.queries * s.padded;
    s.keys = s.acc + s.queries * s.padded;
    s.stage = reinterpret_cast<Element*>(s.keys + kKeyGroup * s.padded);
    s.scores = s.keys + 2 * kKeyGroup * s.padded;
    s.stats = s.scores + s.queries * s.s_stride;
    return s;
  }

  static void Forward(const AttentionTask<Real>& t) {
    const Tile s = Layout(t);
    const size_t head_dim = t.shape->head_dim;
    ForQueries(t, s, [&](size_t i, size_t at) {
      CopyPadded<L>(t.q + at * head_dim, head_dim, s.padded, s.q + i * s.padded);
      for (size_t d = 0; d < s.padded; d += 16) L::Zero().Store(s.acc + i * s.padded + d);
    });
    for (size_t k = 0; k < t.num_segments; ++k) AddScores(t, s, t.segments[k]);
    for (size_t row = 0, i = 0; row < t.num_rows; ++row) {
      for (size_t h = 0; h < s.group; ++h, ++i)
        Softmax(t.rows[row].visible, s.scores + i * s.s_stride, s.stats + 2 * i);
    }
    for (size_t k = 0; k < t.num_segments; ++k) AddValues(t, s, t.segments[k]);
    ForQueries(t, s, [&](size_t i, size_t at) {
      const Real* const stats = s.stats + 2 * i;
      if (t.stats != nullptr) {
        t.stats[2 * at] = stats[0];
        t.stats[2 * at + 1] = stats[1];
      }
      const L sum = L::Set(stats[1]);
      for (size_t d = 0; d < head_dim; d += 16)
        StoreCut(L::Div(L::Load(s.acc + i * s.padded + d), sum), t.out + at * head_dim, d,
                 head_dim);
    });
  }

  // body(i, at) for each query i, which is `at` in [R, heads].
  template <typename Body>
  static void ForQueries(const AttentionTask<Real>& t, const Tile& s, const Body& body) {
    for (size_t row = 0, i = 0; row < t.num_rows; ++row) {
      const size_t at = t.rows[row].row * t.shape->heads + t.kv_head * s.group;
      for (size_t h = 0; h < s.group; ++h, ++i) body(i, at + h);
    }
  }

  static void AddScores(const AttentionTask<Real>& t, const Tile& s, const KeySegment& segment) {
    const L scale = L::Set(static_cast<Real>(t.shape->scale));
    KeyCursor<L, kBf16> cursor(*t.shape, segment.slots, t.kv_head, /*values=*/false);
    size_t row = segment.row_begin;
    for (size_t first = segment.begin; first < segment.end; first += kKeyGroup) {
      const size_t count = Smaller(kKeyGroup, segment.end - first);
      const Element* const rows = cursor.Next(count, s.stage);
      TransposeKeys<L, kBf16>(rows, t.shape->head_dim, s.padded, s.keys);
      while (t.rows[row].visible <= first) ++row;
      const size_t i = row * s.group;
      Dots<L>(s.q + i * s.padded, segment.row_end * s.group - i, s.padded, s.keys, s.padded, scale,
              s.scores + i * s.s_stride + first, s.s_stride);
    }
  }

  // Adds e_j v_j of the segment's keys, for each row that sees them.
  static void AddValues(const AttentionTask<Real>& t, const Tile& s, const KeySegment& segment) {
    KeyCursor<L, kBf16> cursor(*t.shape, segment.slots, t.kv_head, /*values=*/true);
    size_t row = segment.row_begin;
    for (size_t first = segment.begin; first < segment.end; first += kKeyGroup) {
      const size_t count = Smaller(kKeyGroup, segment.end - first);
      const Element* const rows = cursor.Next(count, s.stage);
      CopyKeys<L, kBf16>(rows, count, t.shape->head_dim, s.padded, s.keys);
      while (t.rows[row].visible <= first) ++row;
      size_t whole = row;  // the first row that sees all `count` keys
      for (; t.rows[whole].visible < first + count; ++whole)
        AddToRows(s, whole, whole + 1, first, t.rows[whole].visible - first);
      AddToRows(s, whole, segment.row_end, first, count);
    }
  }

  // The same for rows [row, row_end) and keys [first, first + count), all visible.
  static void AddToRows(const Tile& s, size_t row, size_t row_end, size_t first, size_t count) {
    const size_t i = row * s.group;
    AddWeighted<L>(s.scores + i * s.s_stride + first, s.s_stride, 1, (row_end - row) * s.group,
                   s.keys, count, s.padded, s.acc + i * s.padded);
  }

  // Turns scores [n] into exponentials in place; stats: their maximum and sum.
  static void Softmax(size_t n, Real* s, Real* stats) {
    const L lowest = L::Set(-static_cast<Real>(__builtin_inf()));
    L max_lanes = lowest;
    size_t j = 0;
    for (; j + 16 <= n; j += 16) max_lanes = L::Max(max_lanes, L::Load(s + j));
    if (j < n) max_lanes = L::Max(max_lanes, L::First(n - j, L::Load(s + j), lowest));
    stats[0] = max_lanes.MaxTree();
    const L max = L::Set(stats[0]);
    L sum = L::Zero();
    for (j = 0; j + 16 <= n; j += 16) {
      const L e = L::Exp(L::Sub(L::Load(s + j), max));
      sum = L::Add(sum, e);
      e.Store(s + j);
    }
    if (j < n) {
      const L e = L::Exp(L::Sub(L::Load(s + j), max));
      sum = L::First(n - j, L::Add(sum, e), sum);
      e.Store(s + j);
    }
    stats[1] = sum.SumTree();
  }
};

}  // namespace winnow::device
