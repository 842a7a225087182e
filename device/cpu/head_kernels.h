#pragma once

#include <cstddef>

#include "device/cpu/kernels.h"
#include "device/cpu/rowwise_kernels.h"

namespace winnow::device {

// Kernels over ranges of the vocabulary. Ranges start at multiples of kReductionChunk, so lane =
// vocabulary index mod 16 in each.
//   log p_v = (z_v − z_max) − log Σ exp(z − z_max)
template <class L>
struct Head {
  using Real = typename L::Real;
  // Stands in for log-probabilities of −inf in products with their probability, 0.
  static constexpr Real kLowest = -10000;

  static Real ScaleMax(Real temperature, size_t n, Real* z) {
    const L t = L::Set(temperature);
    const L lowest = L::Set(-static_cast<Real>(__builtin_inf()));
    L max = lowest;
    size_t i = 0;
    if (temperature != 1) {
      Rowwise<L>::ForVectors(n, [&](auto load, auto store) { store(L::Div(load(z), t), z); });
    }
    for (; i + 16 <= n; i += 16) max = L::Max(max, L::Load(z + i));
    if (i < n) max = L::Max(max, L::First(n - i, L::LoadPartial(z + i, n - i), lowest));
    return max.MaxTree();
  }

  static void ScaleMaxRows(Real temperature, size_t rows, size_t columns, size_t stride, Real* z,
                           size_t max_stride, Real* max) {
    for (size_t r = 0; r < rows; ++r)
      max[r * max_stride] = ScaleMax(temperature, columns, z + r * stride);
  }

  // f(d, e) over 16 entries at a time, d = z − max and e = exp(d); e = 0 beyond the end.
  template <typename F>
  static inline void ForExponentials(const Real* z, size_t n, Real max, F f) {
    const L m = L::Set(max);
    const L lowest = L::Set(kLowest);
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
      const L d = L::Max(lowest, L::Sub(L::Load(z + i), m));
      f(d, L::Exp(d));
    }
    if (i < n) {
      const size_t rest = n - i;
      const L d = L::First(rest, L::Max(lowest, L::Sub(L::LoadPartial(z + i, rest), m)), lowest);
      f(d, L::Exp(d));
    }
  }

  static void SumExp(const Real* z, size_t n, Real max, Real* sum, Real* weighted) {
    L s = L::Zero(), w = L::Zero();
    ForExponentials(z, n, max, [&](const L& d, const L& e) {
      s = L::Add(s, e);
      w = L::Fma(d, e, w);
    });
    *sum = s.SumTree();
    *weighted = w.SumTree();
  }

  // The sum is SumExp's. A block's masses add up to at most 2^40 · kMassBlock: exact in double.
  static Real SumMasses(const Real* z, size_t n, Real max, uint64_t* masses) {
    const L scale = L::Set(static_cast<Real>(kMassOfOne));
    L s = L::Zero();
    for (size_t begin = 0; begin < n; begin += kMassBlock, ++masses) {
      typename L::WholeSum total;
      ForExponentials(z + begin, n - begin < kMassBlock ? n - begin : kMassBlock, max,
                      [&](const L&, const L& e) {
                        s = L::Add(s, e);
                        total.Add(L::RoundEven(L::Mul(e, scale)));
                      });
      const double mass = total.Total();
      *masses = mass <= kMassOfOne * kMassBlock ? static_cast<uint64_t>(mass) : 0;  // 0 for NaN
    }
    return s.SumTree();
  }

  static void ExpShifted(const Real* z, size_t n, Real max, Real* e) {
    const L m = L::Set(max);
    const L lowest = L::Set(kLowest);
    Rowwise<L>::ForVectors(
        n, [&](auto load, auto store) { store(L::Exp(L::Max(lowest, L::Sub(load(z), m))), e); });
  }

  static inline L LogProbs(const L& z, const L& max, const L& log_sum) {
    return L::Max(L::Set(kLowest), L::Sub(L::Sub(z, max), log_sum));
  }

  // Σ p (log p − log q)
  static Real Kl(const Real* z, const Real* reference_z, size_t n,
                 const LogSoftmaxStats<Real>& stats, const LogSoftmaxStats<Real>& reference_stats) {
    const L max = L::Set(stats.max), log_sum = L::Set(stats.log_sum);
    const L q_max = L::Set(reference_stats.max), q_log_sum = L::Set(reference_stats.log_sum);
    L sum = L::Zero();
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
      const L p = LogProbs(L::Load(z + i), max, log_sum);
      const L q = LogProbs(L::Load(reference_z + i), q_max, q_log_sum);
      sum = L::Fma(L::Exp(p), L::Sub(p, q), sum);
    }
    if (i < n) {
      const size_t rest = n - i;
      const L p = LogProbs(L::LoadPartial(z + i, rest), max, log_sum);
      const L q = LogProbs(L::LoadPartial(reference_z + i, rest), q_max, q_log_sum);
      const L term = L::First(rest, L::Exp(p), L::Zero());
      sum = L::Fma(term, L::First(rest, L::Sub(p, q), L::Zero()), sum);
    }
    return sum.SumTree();
  }

  // d = (g_x 1[v = label] − p (g_x + g_H (log p + H) − g_K (log p − log q − K))) / T
  static void Gradient(const HeadGradientArgs<Real>& a) {
    const L max = L::Set(a.stats.max), log_sum = L::Set(a.stats.log_sum);
    const L q_max = L::Set(a.reference_stats.max), q_log_sum = L::Set(a.reference_stats.log_sum);
    const L gx = L::Set(a.gradient.log_prob), gh = L::Set(a.gradient.entropy);
    const L minus_gk = L::Set(-a.gradient.kl);
    const L entropy = L::Set(a.stats.entropy), kl = L::Set(a.kl);
    const L t = L::Set(a.temperature);
    Real* const z = a.z + a.begin;
    const Real* const reference = a.reference_z == nullptr ? nullptr : a.reference_z + a.begin;
    const size_t label = a.label - a.begin;  // far away if it lies in another range
    size_t i = 0;
    Rowwise<L>::ForVectors(a.end - a.begin, [&](auto load, auto store) {
      const L p = LogProbs(load(z), max, log_sum);
      L factor = L::Fma(gh, L::Add(p, entropy), gx);
      if (reference != nullptr) {
        const L q = LogProbs(load(reference), q_max, q_log_sum);
        factor = L::Fma(minus_gk, L::Sub(L::Sub(p, q), kl), factor);
      }
      L picked = L::Zero();
      if (label - i < 16) {
        Real one_hot[16] = {};
        one_hot[label - i] = a.gradient.log_prob;
        picked = L::Load(one_hot);
      }
      L d = L::Sub(picked, L::Mul(L::Exp(p), factor));
      if (a.temperature != 1) d = L::Div(d, t);
      store(d, z);
      i += 16;
    });
  }
};

}  // namespace winnow::device
