#pragma once

#include <cstddef>

#include "device/cpu/attention_blocks.h"

namespace winnow::device {

// Gradient of attention with respect to a span of one sequence's keys of one kv head, and the share
// of those keys in dq. Orders, whatever the tiling:
//   p_ij = exp(s_ij − max_i) / sum_i,  dS_ij = p_ij (dO_i · v_j − D_i),  D_i = dO_i · O_i
//   dq_i = scale · Σ dS_ij k_j, keys ascending: spans of a sequence come one after the other, and
//          dq carries the sum from one to the next
//   dk_j = scale · Σ dS_ij q_i,  dv_j = Σ p_ij dO_i: from zero, head by head, rows ascending; then
//          added to what other sequences gave
template <class L, bool kBf16>
struct AttentionGradientKernels {
  using Real = typename L::Real;
  using Element = KvElement<L, kBf16>;

  struct Span {
    size_t padded;
    size_t keys;  // rounded up to whole groups
    Real* k;      // [keys, padded]
    Real* k_t;    // [keys / kKeyGroup][padded, kKeyGroup]
    Real* v_t;    // the same
    Real* dk;     // [keys, padded]
    Real* dv;     // the same
    Real* q;      // [kQueryTile, padded]
    Real* dout;   // the same
    Real* dq;     // the same
    Real* p;      // [kQueryTile, kKeyGroup] probabilities
    Real* ds;     // the same, gradient of the scores
  };

  // Rows of one head.
  struct Rows {
    size_t head;
    size_t row;              // of the pass
    size_t count;            // <= kQueryTile
    size_t visible;          // keys that the first row sees, each next one more
    Real delta[kQueryTile];  // D_i
    Real max[kQueryTile];
    Real inverse_sum[kQueryTile];
  };

  static Span Layout(const AttentionGradientTask<Real>& t) {
    Span s;
    s.padded = RoundUp(t.shape->head_dim, 16);
    s.keys = RoundUp(t.key_end - t.key_begin, kKeyGroup);
    Real* at = t.scratch;
    for (Real** part : {&s.k, &s.k_t, &s.v_t, &s.dk, &s.dv}) {
      *part = at;
      at += s.keys * s.padded;
    }
    for (Real** part : {&s.q, &s.dout, &s.dq}) {
      *part = at;
      at += kQueryTile * s.padded;
    }
    s.p = at;
    s.ds = at + kQueryTile * kKeyGroup;
    return s;
  }

  static void Run(const AttentionGradientTask<Real>& t) {
    const Span s = Layout(t);
    ReadKeys(t, s);
    for (size_t i = 0; i < s.keys * s.padded; i += 16) {
      L::Zero().Store(s.dk + i);
      L::Zero().Store(s.dv + i);
    }
    const size_t group = t.shape->heads / t.shape->kv_heads;
    const size_t first_row = t.key_begin > t.before ? t.key_begin - t.before : 0;
    for (size_t h = 0; h < group; ++h) {
      for (size_t row = first_row; row < t.num_rows; row += kQueryTile) {
        Rows rows;
        rows.head = t.kv_head * group + h;
        rows.row = t.row_begin + row;
        rows.count = Smaller(kQueryTile, t.num_rows - row);
        rows.visible = t.before + row + 1;
        RunRows(t, s, &rows);
      }
    }
    AddToKeys(t, s);
  }

  static void ReadKeys(const AttentionGradientTask<Real>& t, const Span& s) {
    const size_t head_dim = t.shape->head_dim, keys = t.key_end - t.key_begin;
    KeyCursor<L, kBf16> k_cursor(*t.shape, t.slots, t.kv_head, /*values=*/false);
    KeyCursor<L, kBf16> v_cursor(*t.shape, t.slots, t.kv_head, /*values=*/true);
    auto* const stage = reinterpret_cast<Element*>(s.q);  // not in use yet
    for (size_t j = 0; j < keys; j += kKeyGroup) {
      const size_t count = Smaller(kKeyGroup, keys - j);
      const Element* rows = k_cursor.Next(count, stage);
      CopyKeys<L, kBf16>(rows, count, head_dim, s.padded, s.k + j * s.padded);
      TransposeKeys<L, kBf16>(rows, head_dim, s.padded, s.k_t + j * s.padded);
      rows = v_cursor.Next(count, stage);
      TransposeKeys<L, kBf16>(rows, head_dim, s.padded, s.v_t + j * s.padded);
    }
  }

  static void RunRows(const AttentionGradientTask<Real>& t, const Span& s, Rows* rows) {
    LoadRows(t, s, rows);
    const L scale = L::Set(static_cast<Real>(t.shape->scale)), one = L::Set(1);
    const size_t last_visible = rows->visible + rows->count - 1;
    const size_t key_end = Smaller(t.key_end, last_visible);
    for (size_t first = t.key_begin; first < key_end; first += kKeyGroup) {
      const size_t at = (first - t.key_begin) * s.padded;
      Dots<L>(s.q, rows->count, s.padded, s.k_t + at, s.padded, scale, s.p, kKeyGroup);
      Dots<L>(s.dout, rows->count, s.padded, s.v_t + at, s.padded, one, s.ds, kKeyGroup);
      for (size_t i = 0; i < rows->count; ++i) {
        const L score = L::Load(s.p + i * kKeyGroup), dp = L::Load(s.ds + i * kKeyGroup);
        const L p =
            L::Mul(L::Exp(L::Sub(score, L::Set(rows->max[i]))), L::Set(rows->inverse_sum[i]));
        p.Store(s.p + i * kKeyGroup);
        L::Mul(p, L::Sub(dp, L::Set(rows->delta[i]))).Store(s.ds + i * kKeyGroup);
      }
      const size_t count = Smaller(kKeyGroup, t.key_end - first);
      if (first + count <= rows->visible) {
        AddWhole(s, rows->count, at, count);
      } else {
        AddPartly(s, *rows, first, at, count);
      }
    }
    StoreDq(t, s, *rows);
  }

  static void LoadRows(const AttentionGradientTask<Real>& t, const Span& s, Rows* rows) {
    const size_t head_dim = t.shape->head_dim;
    for (size_t i = 0; i < rows->count; ++i) {
      const size_t at = (rows->row + i) * t.shape->heads + rows->head;
      CopyPadded<L>(t.q + at * head_dim, head_dim, s.padded, s.q + i * s.padded);
      CopyPadded<L>(t.dout + at * head_dim, head_dim, s.padded, s.dout + i * s.padded);
      if (t.key_begin == 0) {
        for (size_t d = 0; d < s.padded; d += 16) L::Zero().Store(s.dq + i * s.padded + d);
      } else {
        CopyPadded<L>(t.dq + at * head_dim, head_dim, s.padded, s.dq + i * s.padded);
      }
      L sum = L::Zero();
      for (size_t d = 0; d < head_dim; d += 16)
        sum = L::Fma(L::Load(s.dout + i * s.padded + d),
                     LoadCut<L>(t.out + at * head_dim, d, head_dim), sum);
      rows->delta[i] = sum.SumTree();
      rows->max[i] = t.stats[at * 2];
      rows->inverse_sum[i] = Real{1} / t.stats[at * 2 + 1];
    }
  }

  // A row is scaled once all its keys are in.
  static void StoreDq(const AttentionGradientTask<Real>& t, const Span& s, const Rows& rows) {
    const size_t head_dim = t.shape->head_dim;
    for (size_t i = 0; i < rows.count; ++i) {
      const bool last = rows.visible + i <= t.key_end;
      const L scale = L::Set(last ? static_cast<Real>(t.shape->scale) : Real{1});
      Real* const dq = t.dq + ((rows.row + i) * t.shape->heads + rows.head) * head_dim;
      for (size_t d = 0; d < head_dim; d += 16)
        StoreCut(L::Mul(L::Load(s.dq + i * s.padded + d), scale), dq, d, head_dim);
    }
  }

  // dq, dk and dv of `count` keys, element `at` of the span on, that all rows see.
  static void AddWhole(const Span& s, size_t num_rows, size_t at, size_t count) {
    AddWeighted<L>(s.ds, kKeyGroup, 1, num_rows, s.k + at, count, s.padded, s.dq);
    AddWeighted<L>(s.ds, 1, kKeyGroup, count, s.q, num_rows, s.padded, s.dk + at);
    AddWeighted<L>(s.p, 1, kKeyGroup, count, s.dout, num_rows, s.padded, s.dv + at);
  }

  // The same for keys from `first` on, where rows see them.
  static void AddPartly(const Span& s, const Rows& rows, size_t first, size_t at, size_t count) {
    for (size_t i = 0; i < rows.count; ++i) {
      if (rows.visible + i <= first) continue;
      const size_t visible = Smaller(count, rows.visible + i - first);
      AddWeighted<L>(s.ds + i * kKeyGroup, kKeyGroup, 1, 1, s.k + at, visible, s.padded,
                     s.dq + i * s.padded);
    }
    for (size_t j = 0; j < count && first + j < rows.visible + rows.count - 1; ++j) {
      // The first row that sees key j.
      const size_t i = first + j < rows.visible ? 0 : first + j + 1 - rows.visible;
      const size_t num_rows = rows.count - i;
      AddWeighted<L>(s.ds + i * kKeyGroup + j, 1, kKeyGroup, 1, s.q + i * s.padded, num_rows,
                     s.padded, s.dk + at + j * s.padded);
      AddWeighted<L>(s.p + i * kKeyGroup + j, 1, kKeyGroup, 1, s.dout + i * s.padded, num_rows,
                     s.padded, s.dv + at + j * s.padded);
    }
  }

  static void AddToKeys(const AttentionGradientTask<Real>& t, const Span& s) {
    const size_t head_dim = t.shape->head_dim;
    const L scale = L::Set(static_cast<Real>(t.shape->scale));
    const Real* dk = s.dk;
    const Real* dv = s.dv;
    const KeySlots* slots = t.slots;
    for (size_t j = t.key_begin; j < t.key_end; ++slots) {
      for (size_t i = 0; i < slots->count; ++i, ++j, dk += s.padded, dv += s.padded) {
        const size_t at = ((slots->gradient_row + i) * t.shape->kv_heads + t.kv_head) * head_dim;
        for (size_t d = 0; d < head_dim; d += 16) {
          AddCut(L::Mul(L::Load(dk + d), scale), t.dk + at, d, head_dim);
          AddCut(L::Load(dv + d), t.dv + at, d, head_dim);
        }
      }
    }
  }
  static void AddCut(const L& v, Real* out, size_t d, size_t n) {
    StoreCut(L::Add(LoadCut<L>(out, d, n), v), out, d, n);
  }
};

}  // namespace winnow::device
