#pragma once

#include <cstddef>
#include <cstdint>

#include "device/bf16.h"
#include "device/cpu/kernels.h"

namespace winnow::device {

// Kernels over rows and elements. Sums run over lane = index mod 16, then the tree of the lanes.

template <class L>
struct Rowwise {
  using Real = typename L::Real;

  // f(load, store, i) over 16 elements at a time; the last call handles the rest.
  template <typename F>
  static inline void ForVectors(size_t n, F f) {
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
      f([i](const Real* p) { return L::Load(p + i); },
        [i](const L& v, Real* p) { v.Store(p + i); });
    }
    if (i < n) {
      const size_t rest = n - i;
      f([i, rest](const Real* p) { return L::LoadPartial(p + i, rest); },
        [i, rest](const L& v, Real* p) { v.StorePartial(p + i, rest); });
    }
  }

  static void ToBf16(const Real* x, size_t n, size_t padded, size_t piece_stride, uint16_t* out) {
    size_t i = 0;
    const auto at = [&] { return out + i / 32 * piece_stride + i % 32; };
    for (; i + 16 <= n; i += 16) L::Load(x + i).StoreBf16(at());
    for (; i < n; ++i) *at() = Bf16FromFloat(static_cast<float>(x[i]));
    for (; i < padded; ++i) *at() = 0;
  }

  static void RoundBf16(const Real* x, size_t n, size_t padded, Real* out) {
    size_t i = 0;
    for (; i + 16 <= n; i += 16) L::Load(x + i).RoundBf16().Store(out + i);
    for (; i < n; ++i) out[i] = RoundToBf16(static_cast<float>(x[i]));
    for (; i < padded; ++i) out[i] = 0;
  }

  // y = x · r · w,  r = 1 / sqrt(Σ x² / width + eps)
  static void RmsNorm(const Real* x, const Real* w, size_t rows, size_t width, Real eps, Real* y,
                      Real* inv_rms) {
    for (size_t row = 0; row < rows; ++row, x += width, y += width) {
      L sum = L::Zero();
      ForVectors(width, [&](auto load, auto) {
        const L v = load(x);
        sum = L::Fma(v, v, sum);
      });
      const Real mean = sum.SumTree() / static_cast<Real>(width);
      const Real r = Real{1} / SquareRoot(mean + eps);
      if (inv_rms != nullptr) inv_rms[row] = r;
      const L scale = L::Set(r);
      ForVectors(width,
                 [&](auto load, auto store) { store(L::Mul(L::Mul(load(x), scale), load(w)), y); });
    }
  }

  // dx = r (dy w) − x r³ (Σ dy w x) / width
  static void RmsNormDx(const Real* dy, const Real* x, const Real* w, const Real* inv_rms,
                        size_t rows, size_t width, Real* dx) {
    for (size_t row = 0; row < rows; ++row, x += width, dy += width, dx += width) {
      L sum = L::Zero();
      ForVectors(width,
                 [&](auto load, auto) { sum = L::Fma(L::Mul(load(dy), load(w)), load(x), sum); });
      const Real r = inv_rms[row];
      const Real c = r * r * r * (sum.SumTree() / static_cast<Real>(width));
      const L scale = L::Set(r);
      const L minus_c = L::Set(-c);
      ForVectors(width, [&](auto load, auto store) {
        const L direct = L::Mul(L::Mul(load(dy), load(w)), scale);
        store(L::Fma(load(x), minus_c, direct), dx);
      });
    }
  }

  static void RmsNormDw(const Real* dy, const Real* x, const Real* inv_rms, size_t width,
                        size_t rows_per_token, const RowBlock* blocks, size_t num_blocks,
                        size_t begin, size_t end, Real* dw) {
    ForVectors(end - begin, [&](auto load, auto store) {
      L total = load(dw + begin);
      for (size_t b = 0; b < num_blocks; ++b) {
        L sum = L::Zero();
        const size_t last = blocks[b].end * rows_per_token;
        for (size_t row = blocks[b].begin * rows_per_token; row < last; ++row) {
          const size_t at = row * width + begin;
          sum = L::Fma(load(dy + at), L::Mul(load(x + at), L::Set(inv_rms[row])), sum);
        }
        total = L::Add(total, sum);
      }
      store(total, dw + begin);
    });
  }

  static void BiasGradient(const Real* dy, size_t n, const RowBlock* blocks, size_t num_blocks,
                           size_t begin, size_t end, Real* dbias) {
    ForVectors(end - begin, [&](auto load, auto store) {
      L total = load(dbias + begin);
      for (size_t b = 0; b < num_blocks; ++b) {
        L sum = L::Zero();
        for (size_t row = blocks[b].begin; row < blocks[b].end; ++row)
          sum = L::Add(sum, load(dy + row * n + begin));
        total = L::Add(total, sum);
      }
      store(total, dbias + begin);
    });
  }

  // (x1, x2) -> (x1 c − x2 s, x2 c + x1 s) over halves of each head.
  static void Rope(const Real* cos, const Real* sin, size_t heads, size_t head_dim, Real* x) {
    const size_t half = head_dim / 2;
    for (size_t h = 0; h < heads; ++h, x += head_dim) {
      ForVectors(half, [&](auto load, auto store) {
        const L c = load(cos), s = load(sin);
        const L x1 = load(x), x2 = load(x + half);
        const L minus = L::Sub(L::Zero(), L::Mul(x2, s));
        store(L::Fma(x1, c, minus), x);
        store(L::Fma(x2, c, L::Mul(x1, s)), x + half);
      });
    }
  }

  // 1 / (1 + e^−x)
  static inline L Sigmoid(const L& x) {
    const L one = L::Set(1);
    return L::Div(one, L::Add(one, L::Exp(L::Sub(L::Zero(), x))));
  }

  // silu(g) u = g σ(g) u
  static void SiluMul(const Real* gate, const Real* up, size_t n, Real* out) {
    ForVectors(n, [&](auto load, auto store) {
      const L g = load(gate);
      store(L::Mul(L::Mul(g, Sigmoid(g)), load(up)), out);
    });
  }

  // dgate = dout u σ (1 + g (1 − σ)),  dup = dout g σ
  static void SiluMulGradient(const Real* dout, const Real* gate, const Real* up, size_t n,
                              Real* dgate, Real* dup) {
    const L one = L::Set(1);
    ForVectors(n, [&](auto load, auto store) {
      const L d = load(dout), g = load(gate);
      const L s = Sigmoid(g);
      const L slope = L::Mul(s, L::Fma(g, L::Sub(one, s), one));
      store(L::Mul(L::Mul(d, load(up)), slope), dgate);
      store(L::Mul(d, L::Mul(g, s)), dup);
    });
  }

  static void Add(const Real* y, size_t n, Real* x) {
    ForVectors(n, [&](auto load, auto store) { store(L::Add(load(x), load(y)), x); });
  }

  static void Scale(Real s, size_t n, Real* x) {
    const L scale = L::Set(s);
    ForVectors(n, [&](auto load, auto store) { store(L::Mul(load(x), scale), x); });
  }

 private:
  static inline Real SquareRoot(Real x) {
    if constexpr (sizeof(Real) == sizeof(float)) {
      return __builtin_sqrtf(x);
    } else {
      return __builtin_sqrt(x);
    }
  }
};

}  // namespace winnow::device
