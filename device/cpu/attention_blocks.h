#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "device/cpu/kernels.h"

namespace winnow::device {

// What the kernels of attention and of its gradient are made of. Head dimensions are padded with
// zeros to a multiple of 16 in scratch memory.

static inline size_t RoundUp(size_t n, size_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}
static inline size_t Smaller(size_t a, size_t b) { return a < b ? a : b; }

// -- Rows of real numbers ---------------------------------------------------------------------

template <class L>
static inline void CopyPadded(const typename L::Real* in, size_t n, size_t padded,
                              typename L::Real* out) {
  size_t d = 0;
  for (; d + 16 <= n; d += 16) L::Load(in + d).Store(out + d);
  if (d < padded) L::LoadPartial(in + d, n - d).Store(out + d);
}

// The elements from d on of a row of n.
template <class L>
static inline L LoadCut(const typename L::Real* row, size_t d, size_t n) {
  return d + 16 <= n ? L::Load(row + d) : L::LoadPartial(row + d, n - d);
}

template <class L>
static inline void StoreCut(const L& v, typename L::Real* row, size_t d, size_t n) {
  if (d + 16 <= n) {
    v.Store(row + d);
  } else {
    v.StorePartial(row + d, n - d);
  }
}

// -- Pages ------------------------------------------------------------------------------------

template <class L, bool kBf16>
using KvElement = std::conditional_t<kBf16, uint16_t, typename L::Real>;

// Walks over the keys (or values) of one kv head, in the order of `slots`.
template <class L, bool kBf16>
class KeyCursor {
 public:
  using Element = KvElement<L, kBf16>;

  KeyCursor(const AttentionShape& shape, const KeySlots* slots, size_t kv_head, bool values)
      : next_slots_(slots),
        page_tokens_(shape.page_tokens),
        head_dim_(shape.head_dim),
        offset_(((values ? shape.kv_heads : 0) + kv_head) * shape.page_tokens * shape.head_dim) {
    OpenSlots();
    for (size_t ahead = 0; ahead < kPrefetchKeys; ahead += kKeyGroup) Prefetch(ahead);
  }

  // The next `count` <= kKeyGroup keys, as kKeyGroup rows [head_dim], of which the others hold
  // anything: in place where the page goes on as far, else gathered in `stage`.
  // REQUIRES: there are as many.
  const Element* Next(size_t count, Element* stage) {
    if (left_ == 0) OpenSlots();
    const Element* rows = Row(*page_, slot_);
    if (count <= left_ && slot_ + kKeyGroup <= page_tokens_) {
      Advance(count);
    } else {
      Gather(count, stage);
      rows = stage;
    }
    Prefetch(kPrefetchKeys - kKeyGroup);
    return rows;
  }

 private:
  static constexpr size_t kPrefetchKeys = 64;

  void OpenSlots() {
    page_ = next_slots_->pages + next_slots_->first / page_tokens_;
    slot_ = next_slots_->first % page_tokens_;
    left_ = next_slots_->count;
    ++next_slots_;
  }
  void Advance(size_t count) {
    left_ -= count;
    slot_ += count;
    if (slot_ == page_tokens_) {
      slot_ = 0;
      ++page_;
    }
  }
  void Gather(size_t count, Element* stage) {
    while (count > 0) {
      if (left_ == 0) OpenSlots();
      const size_t n = Smaller(Smaller(count, left_), page_tokens_ - slot_);
      __builtin_memcpy(stage, Row(*page_, slot_), n * head_dim_ * sizeof(Element));
      stage += n * head_dim_;
      count -= n;
      Advance(n);
    }
  }
  const Element* Row(const std::byte* page, size_t slot) const {
    return reinterpret_cast<const Element*>(page) + offset_ + slot * head_dim_;
  }
  // The kKeyGroup keys that begin `ahead` keys from here: pages lie anywhere in memory.
  void Prefetch(size_t ahead) const {
    if (left_ <= ahead) return;
    size_t count = Smaller(kKeyGroup, left_ - ahead);
    const std::byte* const* page = page_ + (slot_ + ahead) / page_tokens_;
    size_t slot = (slot_ + ahead) % page_tokens_;
    for (; count > 0; ++page, slot = 0) {
      const size_t n = Smaller(count, page_tokens_ - slot);
      const char* const bytes = reinterpret_cast<const char*>(Row(*page, slot));
      for (size_t b = 0; b < n * head_dim_ * sizeof(Element); b += 64)
        __builtin_prefetch(bytes + b);
      count -= n;
    }
  }

  const KeySlots* next_slots_;
  const size_t page_tokens_;
  const size_t head_dim_;
  const size_t offset_;
  const std::byte* const* page_ = nullptr;  // of the next key
  size_t slot_ = 0;
  size_t left_ = 0;  // keys of the slots at hand
};

template <class L, bool kBf16>
static inline L LoadKv(const KvElement<L, kBf16>* row, size_t d, size_t n) {
  if constexpr (kBf16) {
    return d + 16 <= n ? L::LoadBf16(row + d) : L::LoadBf16Partial(row + d, n - d);
  } else {
    return LoadCut<L>(row, d, n);
  }
}

// out [count, padded] = rows [count, head_dim] as Real.
template <class L, bool kBf16>
static inline void CopyKeys(const KvElement<L, kBf16>* rows, size_t count, size_t head_dim,
                            size_t padded, typename L::Real* out) {
  if (head_dim == padded) {  // one long row
    for (size_t d = 0; d < count * padded; d += 16)
      LoadKv<L, kBf16>(rows, d, d + 16).Store(out + d);
    return;
  }
  for (size_t j = 0; j < count; ++j) {
    for (size_t d = 0; d < padded; d += 16)
      LoadKv<L, kBf16>(rows + j * head_dim, d, head_dim).Store(out + j * padded + d);
  }
}

// out [padded, 16] = rows [16, head_dim] as Real, transposed.
template <class L, bool kBf16>
static inline void TransposeKeys(const KvElement<L, kBf16>* rows, size_t head_dim, size_t padded,
                                 typename L::Real* out) {
  size_t d = 0;
  if constexpr (kBf16) {
    for (; d + 32 <= head_dim; d += 32) L::TransposeBf16(rows + d, head_dim, out + d * 16);
  }
  for (; d < padded; d += 16) {
    L block[16];
    for (size_t j = 0; j < 16; ++j) block[j] = LoadKv<L, kBf16>(rows + j * head_dim, d, head_dim);
    L::Transpose(block);
    for (size_t j = 0; j < 16; ++j) block[j].Store(out + (d + j) * 16);
  }
}

// -- Dot products -----------------------------------------------------------------------------

// Dot products of Q rows with 16 columns at once: lane j of sum q is a_q · b_j, each over the lanes
// "dimension mod 16" and the tree of L::SumTree. So the tree adds whole registers, deepest first,
// which keeps few of them alive.
//   a [Q, stride]    b [16 D, 16], or D = 0: [16 blocks, 16]
template <class L, int Q, int D>
struct DotBlock {
  using Real = typename L::Real;
  struct Sums {
    L of[Q];
  };
  const Real* a;
  size_t stride;
  const Real* b;
  size_t blocks;

  template <int kLane, int kStep>
  [[gnu::always_inline]] inline Sums Tree() const {
    Sums sums;
    if constexpr (kStep == 16) {
#pragma GCC unroll 8
      for (int q = 0; q < Q; ++q) sums.of[q] = L::Zero();
      const size_t count = D > 0 ? static_cast<size_t>(D) : blocks;
      for (size_t d = 0; d < count; ++d) {
        const L column = L::Load(b + (d * 16 + kLane) * 16);
#pragma GCC unroll 8
        for (int q = 0; q < Q; ++q) {
          const Real* const row = a + static_cast<size_t>(q) * stride;
          sums.of[q] = L::Fma(L::Set(row[d * 16 + kLane]), column, sums.of[q]);
        }
      }
    } else {
      sums = Tree<kLane, 2 * kStep>();
      const Sums other = Tree<kLane + kStep, 2 * kStep>();
#pragma GCC unroll 8
      for (int q = 0; q < Q; ++q) sums.of[q] = L::Add(sums.of[q], other.of[q]);
    }
    return sums;
  }
};

// out [q, 0..15] = factor · a_q · b_j for Q rows.
template <class L, int Q>
static inline void DotRows(const typename L::Real* a, size_t stride, const typename L::Real* b,
                           size_t padded, const L& factor, typename L::Real* out,
                           size_t out_stride) {
  const auto store = [&](const auto& sums) {
#pragma GCC unroll 8
    for (int q = 0; q < Q; ++q)
      L::Mul(sums.of[q], factor).Store(out + static_cast<size_t>(q) * out_stride);
  };
  if (padded == 64) {
    store(DotBlock<L, Q, 4>{a, stride, b, 4}.template Tree<0, 1>());
  } else if (padded == 128) {
    store(DotBlock<L, Q, 8>{a, stride, b, 8}.template Tree<0, 1>());
  } else {
    store(DotBlock<L, Q, 0>{a, stride, b, padded / 16}.template Tree<0, 1>());
  }
}

// The same for `count` rows.
template <class L, int Q = L::kDotRows>
static inline void Dots(const typename L::Real* a, size_t count, size_t stride,
                        const typename L::Real* b, size_t padded, const L& factor,
                        typename L::Real* out, size_t out_stride) {
  for (; count >= Q; count -= Q, a += Q * stride, out += Q * out_stride)
    DotRows<L, Q>(a, stride, b, padded, factor, out, out_stride);
  if constexpr (Q > 1) Dots<L, Q - 1>(a, count, stride, b, padded, factor, out, out_stride);
}

// -- Weighted sums ----------------------------------------------------------------------------

// acc[q, 16 V lanes from d] = fma(weight[q, j], rows[j, d], acc), j in [0, count) ascending, for Q
// weight rows.
template <class L, int Q, int V>
static inline void AddWeightedBlock(const typename L::Real* weight, size_t q_stride,
                                    size_t j_stride, const typename L::Real* rows, size_t count,
                                    size_t padded, typename L::Real* acc) {
  L sum[Q][V];
#pragma GCC unroll 8
  for (int q = 0; q < Q; ++q)
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) sum[q][v] = L::Load(acc + q * padded + v * 16);
  for (size_t j = 0; j < count; ++j) {
    L row[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) row[v] = L::Load(rows + j * padded + v * 16);
#pragma GCC unroll 8
    for (int q = 0; q < Q; ++q) {
      const L w = L::Set(weight[q * q_stride + j * j_stride]);
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) sum[q][v] = L::Fma(w, row[v], sum[q][v]);
    }
  }
#pragma GCC unroll 8
  for (int q = 0; q < Q; ++q)
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) sum[q][v].Store(acc + q * padded + v * 16);
}

template <class L, int Q>
static inline void AddWeightedRows(const typename L::Real* weight, size_t q_stride, size_t j_stride,
                                   const typename L::Real* rows, size_t count, size_t padded,
                                   typename L::Real* acc) {
  constexpr int V = L::kWeightedVectors;
  size_t d = 0;
  for (; d + 16 * V <= padded; d += 16 * V)
    AddWeightedBlock<L, Q, V>(weight, q_stride, j_stride, rows + d, count, padded, acc + d);
  for (; d < padded; d += 16)
    AddWeightedBlock<L, Q, 1>(weight, q_stride, j_stride, rows + d, count, padded, acc + d);
}

// The same for `num_q` weight rows; acc [num_q, padded].
template <class L, int Q = 4>
static inline void AddWeighted(const typename L::Real* weight, size_t q_stride, size_t j_stride,
                               size_t num_q, const typename L::Real* rows, size_t count,
                               size_t padded, typename L::Real* acc) {
  for (; num_q >= Q; num_q -= Q, weight += Q * q_stride, acc += Q * padded)
    AddWeightedRows<L, Q>(weight, q_stride, j_stride, rows, count, padded, acc);
  if constexpr (Q > 1)
    AddWeighted<L, Q - 1>(weight, q_stride, j_stride, num_q, rows, count, padded, acc);
}

}  // namespace winnow::device
