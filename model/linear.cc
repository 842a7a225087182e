#include "model/linear.h"

namespace winnow::model {
namespace {

// s·A x [m, rank], in the scratch.
template <typename Real>
Real* LowRank(device::Ops<Real>& ops, const Linear<Real>& layer, const Real* x, size_t m,
              LinearScratch<Real>* scratch) {
  Real* low = scratch->low_rank.Reserve(m * layer.rank);
  ops.Linear(x, m, *layer.a, low);
  ops.Scale(layer.scale, m * layer.rank, low);
  return low;
}

// With u = s·A x:  dB += dyᵀ u,  du = dy·B,  dA += s·duᵀ x,  dx += s·du·A.
template <typename Real>
void AdapterBackward(device::Ops<Real>& ops, const Linear<Real>& layer, const Real* x,
                     const Real* dy, size_t m, std::span<const device::RowBlock> blocks,
                     LinearScratch<Real>* scratch, Real* dx) {
  if (layer.b_gradient != nullptr) {
    const Real* low = LowRank(ops, layer, x, m, scratch);
    ops.LinearWeightGradient(dy, low, layer.n, layer.rank, blocks, layer.b_gradient);
  }
  Real* dlow = scratch->low_rank_gradient.Reserve(m * layer.rank);
  ops.LinearInputGradient(dy, m, *layer.b, dlow);
  ops.Scale(layer.scale, m * layer.rank, dlow);
  if (layer.a_gradient != nullptr) {
    ops.LinearWeightGradient(dlow, x, layer.rank, layer.k, blocks, layer.a_gradient);
  }
  Real* part = scratch->input.Reserve(m * layer.k);
  ops.LinearInputGradient(dlow, m, *layer.a, part);
  ops.Add(part, m * layer.k, dx);
}

}  // namespace

template <typename Real>
void LinearForward(device::Ops<Real>& ops, const Linear<Real>& layer, const Real* x, size_t m,
                   LinearScratch<Real>* scratch, Real* y) {
  ops.Linear(x, m, *layer.weight, y);
  if (layer.rank > 0) {
    const Real* low = LowRank(ops, layer, x, m, scratch);
    Real* adapted = scratch->output.Reserve(m * layer.n);
    ops.Linear(low, m, *layer.b, adapted);
    ops.Add(adapted, m * layer.n, y);
  }
  if (layer.bias != nullptr) ops.AddBias(layer.bias, m, layer.n, y);
}

template <typename Real>
void LinearBackward(device::Ops<Real>& ops, const Linear<Real>& layer, const Real* x,
                    const Real* dy, size_t m, std::span<const device::RowBlock> blocks,
                    LinearScratch<Real>* scratch, InputGradient mode, Real* dx) {
  if (layer.weight_gradient != nullptr) {
    ops.LinearWeightGradient(dy, x, layer.n, layer.k, blocks, layer.weight_gradient);
  }
  if (layer.bias_gradient != nullptr) ops.BiasGradient(dy, layer.n, blocks, layer.bias_gradient);
  if (mode == InputGradient::kOverwrite) {
    ops.LinearInputGradient(dy, m, *layer.weight, dx);
  } else {
    Real* part = scratch->input.Reserve(m * layer.k);
    ops.LinearInputGradient(dy, m, *layer.weight, part);
    ops.Add(part, m * layer.k, dx);
  }
  if (layer.rank > 0) AdapterBackward(ops, layer, x, dy, m, blocks, scratch, dx);
}

template void LinearForward<float>(device::Ops<float>&, const Linear<float>&, const float*, size_t,
                                   LinearScratch<float>*, float*);
template void LinearForward<double>(device::Ops<double>&, const Linear<double>&, const double*,
                                    size_t, LinearScratch<double>*, double*);
template void LinearBackward<float>(device::Ops<float>&, const Linear<float>&, const float*,
                                    const float*, size_t, std::span<const device::RowBlock>,
                                    LinearScratch<float>*, InputGradient, float*);
template void LinearBackward<double>(device::Ops<double>&, const Linear<double>&, const double*,
                                     const double*, size_t, std::span<const device::RowBlock>,
                                     LinearScratch<double>*, InputGradient, double*);

}  // namespace winnow::model
