#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "device/cpu/kernels.h"

namespace winnow::device {

// Attention of a few query rows, and its gradient, for one kv head and the query heads that share
// it. Orders (cpu.md §1), whatever the tiling:
//   score  = scale · (dot product over lanes = dimension mod 16, ascending, then the tree)
//   sum    = over lanes = key index mod 16, ascending, then the tree
//   out    = (Σ e_j v_j by fma, keys ascending) / sum
//   dq_i   = scale · Σ dS_ij k_j, keys ascending
//   dk_j, dv_j: head by head, rows ascending
// Head dimensions are padded with zeros to a multiple of 16 in scratch memory.

static inline size_t RoundUp(size_t n, size_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

// Reads the visible keys or values of one kv head in order.
template <class L, bool kBf16>
class KvReader {
 public:
  using Real = typename L::Real;
  using Element = std::conditional_t<kBf16, uint16_t, Real>;

  KvReader(const AttentionShape& shape, std::span<const KeyRun> runs, size_t kv_head, bool values)
      : runs_(runs),
        page_tokens_(shape.page_tokens),
        head_dim_(shape.head_dim),
        offset_(((values ? shape.kv_heads : 0) + kv_head) * shape.page_tokens * shape.head_dim) {}

  // Copies the next `count` keys as Real to out [count, padded].
  void Read(size_t count, size_t padded, Real* out) {
    for (size_t j = 0; j < count; ++j, ++next_, out += padded) {
      while (next_ == runs_[run_].count) {
        ++run_;
        next_ = 0;
      }
      const KeyRun& run = runs_[run_];
      // Pages lie anywhere in memory.
      if (next_ + kKeyGroup < run.count) Prefetch(Row(run, next_ + kKeyGroup));
      CopyRow(Row(run, next_), padded, out);
    }
  }

 private:
  const Element* Row(const KeyRun& run, size_t i) const {
    const size_t at = run.first + i;
    return reinterpret_cast<const Element*>(run.pages[at / page_tokens_]) + offset_ +
           at % page_tokens_ * head_dim_;
  }
  void Prefetch(const Element* row) const {
    const char* const bytes = reinterpret_cast<const char*>(row);
    for (size_t b = 0; b < head_dim_ * sizeof(Element); b += 64) __builtin_prefetch(bytes + b);
  }
  void CopyRow(const Element* in, size_t padded, Real* out) const {
    size_t d = 0;
    for (; d + 16 <= head_dim_; d += 16) {
      if constexpr (kBf16) {
        L::LoadBf16(in + d).Store(out + d);
      } else {
        L::Load(in + d).Store(out + d);
      }
    }
    if (d < padded) {
      const size_t rest = head_dim_ - d;
      if constexpr (kBf16) {
        L::LoadBf16Partial(in + d, rest).Store(out + d);
      } else {
        L::LoadPartial(in + d, rest).Store(out + d);
      }
    }
  }

  const std::span<const KeyRun> runs_;
  const size_t page_tokens_;
  const size_t head_dim_;
  const size_t offset_;
  size_t run_ = 0;   // of the next key
  size_t next_ = 0;  // its index in the run
};

template <class L>
static inline void CopyPadded(const typename L::Real* in, size_t n, size_t padded,
                              typename L::Real* out) {
  size_t d = 0;
  for (; d + 16 <= n; d += 16) L::Load(in + d).Store(out + d);
  if (d < padded) L::LoadPartial(in + d, n - d).Store(out + d);
}

template <class L>
static inline void StoreCut(const L& v, typename L::Real* out, size_t d, size_t n) {
  if (d + 16 <= n) {
    v.Store(out + d);
  } else {
    v.StorePartial(out + d, n - d);
  }
}

// out[d..] += v, the first n - d elements.
template <class L>
static inline void AddCut(const L& v, typename L::Real* out, size_t d, size_t n) {
  const L old = d + 16 <= n ? L::Load(out + d) : L::LoadPartial(out + d, n - d);
  StoreCut(L::Add(old, v), out, d, n);
}

// 16 dot products: lane j is a · b_j, b [16, padded].
template <class L, int D>
static inline L Dots(const typename L::Real* a, const typename L::Real* b) {
  L av[D];
  for (int d = 0; d < D; ++d) av[d] = L::Load(a + d * 16);
  L lanes[16];
  for (int j = 0; j < 16; ++j) {
    L sum = L::Fma(av[0], L::Load(b + j * D * 16), L::Zero());
    for (int d = 1; d < D; ++d) sum = L::Fma(av[d], L::Load(b + (j * D + d) * 16), sum);
    lanes[j] = sum;
  }
  return L::SumTrees(lanes);
}

template <class L>
static inline L Dots16(const typename L::Real* a, const typename L::Real* b, size_t padded) {
  if (padded == 64) return Dots<L, 4>(a, b);
  if (padded == 128) return Dots<L, 8>(a, b);
  L lanes[16];
  for (size_t j = 0; j < 16; ++j) {
    L sum = L::Zero();
    for (size_t d = 0; d < padded; d += 16)
      sum = L::Fma(L::Load(a + d), L::Load(b + j * padded + d), sum);
    lanes[j] = sum;
  }
  return L::SumTrees(lanes);
}

// acc[q, 16 V lanes from d] = fma(weight[q, j], rows[j, d], acc), j in [0, count) ascending, for Q
// weight rows.
template <class L, int Q, int V>
static inline void AddWeightedBlock(const typename L::Real* weight, size_t q_stride,
                                    size_t j_stride, const typename L::Real* rows, size_t count,
                                    size_t padded, typename L::Real* acc) {
  L sum[Q][V];
  for (int q = 0; q < Q; ++q)
    for (int v = 0; v < V; ++v) sum[q][v] = L::Load(acc + q * padded + v * 16);
  for (size_t j = 0; j < count; ++j) {
    L row[V];
    for (int v = 0; v < V; ++v) row[v] = L::Load(rows + j * padded + v * 16);
    for (int q = 0; q < Q; ++q) {
      const L w = L::Set(weight[q * q_stride + j * j_stride]);
      for (int v = 0; v < V; ++v) sum[q][v] = L::Fma(w, row[v], sum[q][v]);
    }
  }
  for (int q = 0; q < Q; ++q)
    for (int v = 0; v < V; ++v) sum[q][v].Store(acc + q * padded + v * 16);
}

template <class L, int Q>
static inline void AddWeightedRows(const typename L::Real* weight, size_t q_stride, size_t j_stride,
                                   const typename L::Real* rows, size_t count, size_t padded,
                                   typename L::Real* acc) {
  size_t d = 0;
  for (; d + 64 <= padded; d += 64)
    AddWeightedBlock<L, Q, 4>(weight, q_stride, j_stride, rows + d, count, padded, acc + d);
  for (; d < padded; d += 16)
    AddWeightedBlock<L, Q, 1>(weight, q_stride, j_stride, rows + d, count, padded, acc + d);
}

// The same for `num_q` weight rows; acc [num_q, padded].
template <class L>
static inline void AddWeighted(const typename L::Real* weight, size_t q_stride, size_t j_stride,
                               size_t num_q, const typename L::Real* rows, size_t count,
                               size_t padded, typename L::Real* acc) {
  for (; num_q >= 4; num_q -= 4, weight += 4 * q_stride, acc += 4 * padded)
    AddWeightedRows<L, 4>(weight, q_stride, j_stride, rows, count, padded, acc);
  if (num_q == 3) AddWeightedRows<L, 3>(weight, q_stride, j_stride, rows, count, padded, acc);
  if (num_q == 2) AddWeightedRows<L, 2>(weight, q_stride, j_stride, rows, count, padded, acc);
  if (num_q == 1) AddWeightedRows<L, 1>(weight, q_stride, j_stride, rows, count, padded, acc);
}

template <class L, bool kBf16>
struct AttentionKernels {
  using Real = typename L::Real;

  // Turns scores [n] into exponentials in place; returns their maximum and sum.
  static void Softmax(size_t n, Real* s, Real* max_out, Real* sum_out) {
    const L lowest = L::Set(-static_cast<Real>(__builtin_inf()));
    L max_lanes = lowest;
    size_t j = 0;
    for (; j + 16 <= n; j += 16) max_lanes = L::Max(max_lanes, L::Load(s + j));
    if (j < n) max_lanes = L::Max(max_lanes, L::First(n - j, L::Load(s + j), lowest));
    *max_out = max_lanes.MaxTree();
    const L max = L::Set(*max_out);
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
    *sum_out = sum.SumTree();
  }

  // Queries are ordered row by row, and within a row by head: query i is row i / group.
  static void Forward(const AttentionTask<Real>& t) {
    const AttentionShape& shape = *t.shape;
    const size_t padded = RoundUp(shape.head_dim, 16);
    const size_t group = shape.heads / shape.kv_heads;
    const size_t rows = t.row_end - t.row_begin;
    const size_t queries = rows * group;
    const size_t last_visible = t.first_visible + rows - 1;
    const size_t s_stride = RoundUp(last_visible, kKeyGroup);
    Real* const q = t.scratch;                       // [queries, padded]
    Real* const acc = q + queries * padded;          // [queries, padded]
    Real* const keys = acc + queries * padded;       // [kKeyGroup, padded]
    Real* const scores = keys + kKeyGroup * padded;  // [queries, s_stride]
    const size_t q_width = shape.heads * shape.head_dim;

    for (size_t i = 0; i < queries; ++i) {
      const size_t head = t.kv_head * group + i % group;
      const size_t at = (t.row_begin + i / group) * q_width + head * shape.head_dim;
      CopyPadded<L>(t.q + at, shape.head_dim, padded, q + i * padded);
    }
    const L scale = L::Set(static_cast<Real>(shape.scale));
    KvReader<L, kBf16> k_reader(shape, t.keys, t.kv_head, /*values=*/false);
    KvReader<L, kBf16> v_reader(shape, t.keys, t.kv_head, /*values=*/true);
    for (size_t i = 0; i < kKeyGroup * padded; ++i) keys[i] = 0;
    for (size_t first = 0; first < last_visible; first += kKeyGroup) {
      const size_t count = Smaller(kKeyGroup, last_visible - first);
      k_reader.Read(count, padded, keys);
      for (size_t i = FirstSeeing(first, t.first_visible) * group; i < queries; ++i) {
        L::Mul(Dots16<L>(q + i * padded, keys, padded), scale).Store(scores + i * s_stride + first);
      }
    }
    for (size_t i = 0; i < queries; ++i) {
      Real max, sum;
      Softmax(t.first_visible + i / group, scores + i * s_stride, &max, &sum);
      if (t.stats != nullptr) {
        Real* stats =
            t.stats + ((t.row_begin + i / group) * shape.heads + t.kv_head * group + i % group) * 2;
        stats[0] = max;
        stats[1] = sum;
      }
      // The sum waits in the query's own row, which is not needed any more.
      q[i * padded] = sum;
    }
    for (size_t i = 0; i < queries * padded; ++i) acc[i] = 0;
    for (size_t first = 0; first < last_visible; first += kKeyGroup) {
      const size_t count = Smaller(kKeyGroup, last_visible - first);
      v_reader.Read(count, padded, keys);
      AddValues(t, scores + first, s_stride, keys, first, padded, group, rows, acc);
    }
    for (size_t i = 0; i < queries; ++i) {
      const size_t head = t.kv_head * group + i % group;
      Real* out = t.out + (t.row_begin + i / group) * q_width + head * shape.head_dim;
      const L sum = L::Set(q[i * padded]);
      for (size_t d = 0; d < shape.head_dim; d += 16)
        StoreCut(L::Div(L::Load(acc + i * padded + d), sum), out, d, shape.head_dim);
    }
  }

  // Adds e_j v_j of the keys [first, first + 16) that each row sees.
  static void AddValues(const AttentionTask<Real>& t, const Real* e, size_t e_stride,
                        const Real* values, size_t first, size_t padded, size_t group, size_t rows,
                        Real* acc) {
    // Rows from `whole` on see the whole group of keys, earlier ones a part of it.
    const size_t whole = Smaller(rows, FirstSeeing(first + kKeyGroup - 1, t.first_visible));
    for (size_t row = FirstSeeing(first, t.first_visible); row < whole; ++row) {
      const size_t count = t.first_visible + row - first;
      AddWeighted<L>(e + row * group * e_stride, e_stride, 1, group, values, count, padded,
                     acc + row * group * padded);
    }
    AddWeighted<L>(e + whole * group * e_stride, e_stride, 1, (rows - whole) * group, values,
                   kKeyGroup, padded, acc + whole * group * padded);
  }

  // The first row of a tile that sees key `key`, if row 0 sees `first_visible` keys.
  static size_t FirstSeeing(size_t key, size_t first_visible) {
    return key < first_visible ? 0 : key + 1 - first_visible;
  }
  static size_t Smaller(size_t a, size_t b) { return a < b ? a : b; }
};

template <class L, bool kBf16>
struct AttentionGradientKernels {
  using Real = typename L::Real;
  using Forward = AttentionKernels<L, kBf16>;

  struct Scratch {
    Real* k;     // [groups of keys · 16, padded]
    Real* v;     // the same
    Real* dk;    // the same
    Real* dv;    // the same
    Real* q;     // [kQueryTile, padded]
    Real* dout;  // the same
    Real* dq;    // the same
    Real* p;     // [kQueryTile, kKeyGroup] probabilities
    Real* ds;    // the same, gradient of the scores
  };

  static Scratch Layout(Real* at, size_t keys, size_t padded) {
    Scratch s;
    for (Real** part : {&s.k, &s.v, &s.dk, &s.dv}) {
      *part = at;
      at += keys * padded;
    }
    for (Real** part : {&s.q, &s.dout, &s.dq}) {
      *part = at;
      at += kQueryTile * padded;
    }
    s.p = at;
    s.ds = at + kQueryTile * kKeyGroup;
    return s;
  }

  static void Run(const AttentionGradientTask<Real>& t) {
    for (const AttentionSequence& sequence : t.sequences) RunSequence(t, sequence);
  }

  static void RunSequence(const AttentionGradientTask<Real>& t, const AttentionSequence& sequence) {
    const AttentionShape& shape = *t.shape;
    const size_t padded = RoundUp(shape.head_dim, 16);
    const size_t rows = sequence.row_end - sequence.row_begin;
    const size_t num_keys = NumKeys(sequence);
    const size_t keys = RoundUp(num_keys, kKeyGroup);
    const size_t group = shape.heads / shape.kv_heads;
    const Scratch s = Layout(t.scratch, keys, padded);
    for (size_t i = 0; i < 4 * keys * padded; ++i) t.scratch[i] = 0;
    KvReader<L, kBf16>(shape, sequence.keys, t.kv_head, /*values=*/false)
        .Read(num_keys, padded, s.k);
    KvReader<L, kBf16>(shape, sequence.keys, t.kv_head, /*values=*/true)
        .Read(num_keys, padded, s.v);
    for (size_t h = 0; h < group; ++h) {
      for (size_t row = 0; row < rows; row += kQueryTile)
        QueryTile(t, s, padded, t.kv_head * group + h, sequence.row_begin + row,
                  num_keys - rows + row, Forward::Smaller(kQueryTile, rows - row));
    }
    AddToKeys(t, sequence, s, padded);
  }

  static void AddToKeys(const AttentionGradientTask<Real>& t, const AttentionSequence& sequence,
                        const Scratch& s, size_t padded) {
    const AttentionShape& shape = *t.shape;
    const L scale = L::Set(static_cast<Real>(shape.scale));
    const Real* dk = s.dk;
    const Real* dv = s.dv;
    for (const KeyRun& run : sequence.keys) {
      for (size_t i = 0; i < run.count; ++i, dk += padded, dv += padded) {
        const size_t at = ((run.gradient_row + i) * shape.kv_heads + t.kv_head) * shape.head_dim;
        for (size_t d = 0; d < shape.head_dim; d += 16) {
          AddCut(L::Mul(L::Load(dk + d), scale), t.dk + at, d, shape.head_dim);
          AddCut(L::Load(dv + d), t.dv + at, d, shape.head_dim);
        }
      }
    }
  }

  // Rows [row, row + count) for one head, against all keys they see: the first row sees `before`
  // keys and its own.
  static void QueryTile(const AttentionGradientTask<Real>& t, const Scratch& s, size_t padded,
                        size_t head, size_t row, size_t before, size_t count) {
    const AttentionShape& shape = *t.shape;
    const size_t head_dim = shape.head_dim;
    const size_t width = shape.heads * head_dim;
    Real delta[kQueryTile];  // D_i = Σ_d dO_id O_id
    Real max[kQueryTile];
    Real inverse_sum[kQueryTile];
    for (size_t i = 0; i < count; ++i) {
      const size_t at = (row + i) * width + head * head_dim;
      CopyPadded<L>(t.q + at, head_dim, padded, s.q + i * padded);
      CopyPadded<L>(t.dout + at, head_dim, padded, s.dout + i * padded);
      L sum = L::Zero();
      for (size_t d = 0; d < head_dim; d += 16) {
        const size_t n = head_dim - d;
        const L out = n >= 16 ? L::Load(t.out + at + d) : L::LoadPartial(t.out + at + d, n);
        sum = L::Fma(L::Load(s.dout + i * padded + d), out, sum);
      }
      delta[i] = sum.SumTree();
      const Real* stats = t.stats + ((row + i) * shape.heads + head) * 2;
      max[i] = stats[0];
      inverse_sum[i] = Real{1} / stats[1];
    }
    for (size_t i = 0; i < count * padded; ++i) s.dq[i] = 0;
    const L scale = L::Set(static_cast<Real>(shape.scale));
    for (size_t first = 0; first < before + count; first += kKeyGroup) {
      // p_ij = exp(s_ij − max_i) / sum_i;  dS_ij = p_ij (dO_i · v_j − D_i)
      for (size_t i = 0; i < count; ++i) {
        const L score = L::Mul(Dots16<L>(s.q + i * padded, s.k + first * padded, padded), scale);
        const L p = L::Mul(L::Exp(L::Sub(score, L::Set(max[i]))), L::Set(inverse_sum[i]));
        const L dp = Dots16<L>(s.dout + i * padded, s.v + first * padded, padded);
        p.Store(s.p + i * kKeyGroup);
        L::Mul(p, L::Sub(dp, L::Set(delta[i]))).Store(s.ds + i * kKeyGroup);
      }
      AddKeyGroup(s, padded, before, count, first);
    }
    for (size_t i = 0; i < count; ++i) {
      Real* dq = t.dq + (row + i) * width + head * head_dim;
      for (size_t d = 0; d < head_dim; d += 16)
        StoreCut(L::Mul(L::Load(s.dq + i * padded + d), scale), dq, d, head_dim);
    }
  }

  // dq, dk and dv of the keys [first, first + 16), where rows of the tile see them.
  static void AddKeyGroup(const Scratch& s, size_t padded, size_t before, size_t count,
                          size_t first) {
    Real* const dk = s.dk + first * padded;
    Real* const dv = s.dv + first * padded;
    const Real* const k = s.k + first * padded;
    if (first + kKeyGroup <= before + 1) {
      AddWeighted<L>(s.ds, kKeyGroup, 1, count, k, kKeyGroup, padded, s.dq);
      AddWeighted<L>(s.ds, 1, kKeyGroup, kKeyGroup, s.q, count, padded, dk);
      AddWeighted<L>(s.p, 1, kKeyGroup, kKeyGroup, s.dout, count, padded, dv);
      return;
    }
    for (size_t i = Forward::FirstSeeing(first, before + 1); i < count; ++i) {
      const size_t visible = Forward::Smaller(kKeyGroup, before + i + 1 - first);
      AddWeighted<L>(s.ds + i * kKeyGroup, kKeyGroup, 1, 1, k, visible, padded, s.dq + i * padded);
    }
    for (size_t j = 0; j < kKeyGroup && first + j < before + count; ++j) {
      const size_t i = Forward::FirstSeeing(first + j, before + 1);
      const Real* const ds = s.ds + i * kKeyGroup + j;
      const Real* const p = s.p + i * kKeyGroup + j;
      AddWeighted<L>(ds, 1, kKeyGroup, 1, s.q + i * padded, count - i, padded, dk + j * padded);
      AddWeighted<L>(p, 1, kKeyGroup, 1, s.dout + i * padded, count - i, padded, dv + j * padded);
    }
  }
};

}  // namespace winnow::device
