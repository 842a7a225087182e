#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>

#include "device/ops.h"
#include "model/buffer.h"

namespace winnow::model {

// A linear layer as the passes use it: where its matrices lie and where their gradients go.
//   y [m, n] = x [m, k]·Wᵀ + s·(x·Aᵀ)·Bᵀ + bias     A [rank, k], B [n, rank] (arXiv 2106.09685)
// Pointers are borrowed from the policy. Null gradient pointers mark frozen tensors.
template <typename Real>
struct Linear {
  size_t n = 0;
  size_t k = 0;
  const device::PackedMatrix* weight = nullptr;
  const Real* bias = nullptr;
  Real* weight_gradient = nullptr;
  Real* bias_gradient = nullptr;
  size_t rank = 0;  // 0: no adapter
  Real scale = 0;   // s
  const device::PackedMatrix* a = nullptr;
  const device::PackedMatrix* b = nullptr;
  Real* a_gradient = nullptr;
  Real* b_gradient = nullptr;
};

// Memory of the linear layers, shared by all of them.
template <typename Real>
struct LinearScratch {
  Buffer<Real> low_rank;           // [m, rank] s·A x
  Buffer<Real> low_rank_gradient;  // [m, rank]
  Buffer<Real> output;             // [m, n]
  size_t size_bytes() const {
    return low_rank.size_bytes() + low_rank_gradient.size_bytes() + output.size_bytes();
  }
};

// A layer and where its result goes.
template <typename Real>
struct LinearCall {
  const Linear<Real>* layer = nullptr;
  Real* y = nullptr;  // [m, n]
};

// y from x [m, k] for layers that read the same rows.
template <typename Real>
void LinearForward(device::Ops<Real>& ops, std::initializer_list<LinearCall<Real>> calls,
                   const Real* x, size_t m, LinearScratch<Real>* scratch);
template <typename Real>
void LinearForward(device::Ops<Real>& ops, const Linear<Real>& layer, const Real* x, size_t m,
                   LinearScratch<Real>* scratch, Real* y) {
  LinearForward<Real>(ops, {{&layer, y}}, x, m, scratch);
}

// A layer and the gradient of its result.
template <typename Real>
struct LinearGradient {
  const Linear<Real>* layer = nullptr;
  const Real* dy = nullptr;  // [m, n]
};

// Adds the weights' gradients, block by block, and writes dx [m, k], the sum over the layers in
// their order. `x` is the input of the forward pass.
template <typename Real>
void LinearBackward(device::Ops<Real>& ops, std::initializer_list<LinearGradient<Real>> gradients,
                    const Real* x, size_t m, std::span<const device::RowBlock> blocks,
                    LinearScratch<Real>* scratch, Real* dx);

}  // namespace winnow::model
