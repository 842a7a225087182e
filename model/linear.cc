#include "model/linear.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace winnow::model {
namespace {

constexpr size_t kMostLayers = 3;  // that read the same rows: q, k and v

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
  ops.LinearInputGradient(dlow, m, *layer.a, device::Write::kAdd, dx);
}

}  // namespace

template <typename Real>
void LinearForward(device::Ops<Real>& ops, std::initializer_list<LinearCall<Real>> calls,
                   const Real* x, size_t m, LinearScratch<Real>* scratch) {
  std::array<device::LinearOutput<Real>, kMostLayers> outputs;
  WINNOW_CHECK_LE(calls.size(), kMostLayers);
  std::transform(calls.begin(), calls.end(), outputs.begin(), [](const LinearCall<Real>& call) {
    return device::LinearOutput<Real>{call.layer->weight, call.y};
  });
  ops.Linear(x, m, std::span(outputs).first(calls.size()));
  for (const auto& [layer, y] : calls) {
    if (layer->rank > 0) {
      const Real* low = LowRank(ops, *layer, x, m, scratch);
      Real* adapted = scratch->output.Reserve(m * layer->n);
      ops.Linear(low, m, *layer->b, adapted);
      ops.Add(adapted, m * layer->n, y);
    }
    if (layer->bias != nullptr) ops.AddBias(layer->bias, m, layer->n, y);
  }
}

template <typename Real>
void LinearBackward(device::Ops<Real>& ops, std::initializer_list<LinearGradient<Real>> gradients,
                    const Real* x, size_t m, std::span<const device::RowBlock> blocks,
                    LinearScratch<Real>* scratch, Real* dx) {
  std::array<device::WeightGradientOutput<Real>, kMostLayers> outputs;
  WINNOW_CHECK_LE(gradients.size(), kMostLayers);
  size_t trained = 0;
  for (const auto& [layer, dy] : gradients) {
    if (layer->weight_gradient != nullptr) {
      outputs[trained++] = {.dy = dy, .n = layer->n, .dw = layer->weight_gradient};
    }
    if (layer->bias_gradient != nullptr)
      ops.BiasGradient(dy, layer->n, blocks, layer->bias_gradient);
  }
  if (trained > 0) {
    ops.LinearWeightGradient(x, gradients.begin()->layer->k, blocks,
                             std::span(outputs).first(trained));
  }
  device::Write mode = device::Write::kOverwrite;
  for (const auto& [layer, dy] : gradients) {
    ops.LinearInputGradient(dy, m, *layer->weight, mode, dx);
    if (layer->rank > 0) AdapterBackward(ops, *layer, x, dy, m, blocks, scratch, dx);
    mode = device::Write::kAdd;
  }
}

#define WINNOW_INSTANTIATE_LINEAR(Real)                                                          \
  template void LinearForward<Real>(device::Ops<Real>&, std::initializer_list<LinearCall<Real>>, \
                                    const Real*, size_t, LinearScratch<Real>*);                  \
  template void LinearBackward<Real>(                                                            \
      device::Ops<Real>&, std::initializer_list<LinearGradient<Real>>, const Real*, size_t,      \
      std::span<const device::RowBlock>, LinearScratch<Real>*, Real*);
WINNOW_INSTANTIATE_LINEAR(float)
WINNOW_INSTANTIATE_LINEAR(double)
#undef WINNOW_INSTANTIATE_LINEAR

}  // namespace winnow::model
