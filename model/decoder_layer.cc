#include "model/decoder_layer.h"

#include <algorithm>

namespace winnow::model {
namespace {

// Where the projection of q or k goes: before the norm per head, if the family has one.
template <typename Real>
Real* Projected(const Norm<Real>& norm, Real* raw, Real* out) {
  return norm.weight != nullptr ? raw : out;
}

// q or k of the rows from their projection: normalised per head if the family does, rotated.
template <typename Real>
void NormAndRotate(const LayerContext<Real>& context, const Norm<Real>& norm, size_t heads,
                   const Real* raw, Real* inv_rms, Real* out) {
  const size_t rows = context.rows.num_rows(), head_dim = context.shape.head_dim;
  if (norm.weight != nullptr) {
    context.ops.RmsNorm(raw, norm.weight, rows * heads, head_dim, context.rms_norm_eps, out,
                        inv_rms);
  }
  context.ops.Rope(context.rows.positions(), context.cos_sin, heads, head_dim, /*inverse=*/false,
                   out);
}

template <typename Real>
void Normalise(const LayerContext<Real>& context, const DecoderLayer<Real>& layer, const Real* x,
               const LayerActivations<Real>& act) {
  context.ops.RmsNorm(x, layer.attention_norm.weight, context.rows.num_rows(), layer.q.k,
                      context.rms_norm_eps, act.normed, act.inv_rms);
}

template <typename Real>
void RotateQueries(const LayerContext<Real>& context, const DecoderLayer<Real>& layer,
                   const LayerActivations<Real>& act) {
  NormAndRotate(context, layer.q_norm, context.shape.heads, act.q_raw, act.q_inv_rms, act.q);
}

template <typename Real>
void RotateKeys(const LayerContext<Real>& context, const DecoderLayer<Real>& layer,
                const LayerActivations<Real>& act) {
  NormAndRotate(context, layer.k_norm, context.shape.kv_heads, act.k_raw, act.k_inv_rms, act.k);
}

// dx [tokens · rows_per_token, width] of a norm; a frozen norm's weight gradient goes nowhere.
template <typename Real>
void NormBackward(const LayerContext<Real>& context, const Norm<Real>& norm, const Real* dy,
                  const Real* x, const Real* inv_rms, size_t rows_per_token,
                  std::span<const device::RowBlock> blocks, Real* dx) {
  Real* gradient = norm.gradient;
  if (gradient == nullptr) gradient = context.scratch.frozen_norm.Reserve(norm.width);
  context.ops.RmsNormGradient(dy, x, norm.weight, inv_rms, norm.width, rows_per_token, blocks,
                              context.rows.num_rows(), dx, gradient);
}

// Turns dq or dk [R, heads · head_dim] into the gradient of the projection; returns where it is.
template <typename Real>
const Real* UnrotateAndUnnorm(const LayerContext<Real>& context, const Norm<Real>& norm,
                              const Real* raw, const Real* inv_rms, size_t heads,
                              std::span<const device::RowBlock> blocks, Buffer<Real>* draw,
                              Real* d) {
  const size_t rows = context.rows.num_rows(), head_dim = context.shape.head_dim;
  context.ops.Rope(context.rows.positions(), context.cos_sin, heads, head_dim, /*inverse=*/true, d);
  if (norm.weight == nullptr) return d;
  Real* result = draw->Reserve(rows * heads * head_dim);
  NormBackward(context, norm, d, raw, inv_rms, heads, blocks, result);
  return result;
}

// dm [R, hidden] holds dy on entry and d(middle) on return.
template <typename Real>
void MlpBackward(const LayerContext<Real>& context, const DecoderLayer<Real>& layer,
                 const LayerActivations<Real>& act, std::span<const device::RowBlock> blocks,
                 Real* dm) {
  const size_t rows = context.rows.num_rows();
  const size_t hidden = layer.gate.k, inner = layer.gate.n;
  LayerScratch<Real>& scratch = context.scratch;
  Real* dproduct = scratch.dproduct.Reserve(rows * inner);
  LinearBackward<Real>(context.ops, {{&layer.down, dm}}, act.product, rows, blocks, &scratch.linear,
                       dproduct);
  Real* dgate = scratch.dgate.Reserve(rows * inner);
  Real* dup = scratch.dup.Reserve(rows * inner);
  context.ops.SiluMulGradient(dproduct, act.gate, act.up, rows * inner, dgate, dup);
  Real* dnormed = scratch.dnormed.Reserve(rows * hidden);
  LinearBackward<Real>(context.ops, {{&layer.gate, dgate}, {&layer.up, dup}}, act.mlp_normed, rows,
                       blocks, &scratch.linear, dnormed);
  Real* through_norm = scratch.dmiddle.Reserve(rows * hidden);
  NormBackward(context, layer.mlp_norm, dnormed, act.middle, act.mlp_inv_rms, 1, blocks,
               through_norm);
  context.ops.Add(through_norm, rows * hidden, dm);
}

// dx [R, hidden] holds d(middle) on entry and the layer's dx on return.
template <typename Real>
void AttentionBackward(const LayerContext<Real>& context, const DecoderLayer<Real>& layer,
                       const Real* x, const LayerActivations<Real>& act,
                       std::span<const device::RowBlock> blocks,
                       const typename KeyGradients<Real>::Rows& dkeys, Real* dx) {
  const size_t rows = context.rows.num_rows(), hidden = layer.q.k;
  const size_t heads = context.shape.heads, kv_heads = context.shape.kv_heads;
  LayerScratch<Real>& scratch = context.scratch;
  Real* dattention = scratch.dattention.Reserve(rows * layer.q.n);
  LinearBackward<Real>(context.ops, {{&layer.o, dx}}, act.attention, rows, blocks, &scratch.linear,
                       dattention);
  Real* dq = scratch.dq.Reserve(rows * layer.q.n);
  context.ops.AttentionGradient(context.shape, context.rows.sequences(), act.q, act.attention,
                                act.stats, dattention, dq, dkeys.all_dk, dkeys.all_dv);
  Real* dnormed = scratch.dnormed.Reserve(rows * hidden);
  const Real* dq_raw = UnrotateAndUnnorm(context, layer.q_norm, act.q_raw, act.q_inv_rms, heads,
                                         blocks, &scratch.dq_raw, dq);
  const Real* dk_raw = UnrotateAndUnnorm(context, layer.k_norm, act.k_raw, act.k_inv_rms, kv_heads,
                                         blocks, &scratch.dk_raw, dkeys.dk);
  LinearBackward<Real>(context.ops, {{&layer.q, dq_raw}, {&layer.k, dk_raw}, {&layer.v, dkeys.dv}},
                       act.normed, rows, blocks, &scratch.linear, dnormed);
  Real* through_norm = scratch.dmiddle.Reserve(rows * hidden);
  NormBackward(context, layer.attention_norm, dnormed, x, act.inv_rms, 1, blocks, through_norm);
  context.ops.Add(through_norm, rows * hidden, dx);
}

}  // namespace

template <typename Real>
size_t LayerScratch<Real>::size_bytes() const {
  size_t bytes = linear.size_bytes();
  for (const Buffer<Real>* buffer : {&dproduct, &dgate, &dup, &dnormed, &dmiddle, &dattention, &dq,
                                     &dq_raw, &dk_raw, &frozen_norm}) {
    bytes += buffer->size_bytes();
  }
  return bytes;
}

template <typename Real>
void KeyGradients<Real>::Clear(size_t count, ThreadPool* pool) {
  constexpr size_t kGrain = 1 << 16;
  Real* const keys = dk.Reserve(count);
  Real* const values = dv.Reserve(count);
  pool->ParallelFor(count, kGrain, [&](size_t begin, size_t end) {
    std::fill(keys + begin, keys + end, Real{0});
    std::fill(values + begin, values + end, Real{0});
  });
}

template <typename Real>
void WriteKeys(const LayerContext<Real>& context, const DecoderLayer<Real>& layer, const Real* x,
               const LayerActivations<Real>& act) {
  Normalise(context, layer, x, act);
  LinearForward<Real>(context.ops,
                      {{&layer.k, Projected(layer.k_norm, act.k_raw, act.k)}, {&layer.v, act.v}},
                      act.normed, context.rows.num_rows(), &context.scratch.linear);
  RotateKeys(context, layer, act);
  context.ops.WriteKv(context.shape, act.k, act.v, context.rows.slots());
}

template <typename Real>
void AttentionForward(const LayerContext<Real>& context, const DecoderLayer<Real>& layer,
                      const Real* x, const LayerActivations<Real>& act, Keys keys) {
  device::Ops<Real>& ops = context.ops;
  const size_t rows = context.rows.num_rows(), hidden = layer.q.k;
  LinearScratch<Real>* const scratch = &context.scratch.linear;
  const LinearCall<Real> q = {&layer.q, Projected(layer.q_norm, act.q_raw, act.q)};
  const LinearCall<Real> k = {&layer.k, Projected(layer.k_norm, act.k_raw, act.k)};
  Normalise(context, layer, x, act);
  if (keys == Keys::kToWrite) {
    LinearForward<Real>(ops, {q, k, {&layer.v, act.v}}, act.normed, rows, scratch);
    RotateKeys(context, layer, act);
    ops.WriteKv(context.shape, act.k, act.v, context.rows.slots());
  } else if (layer.k_norm.weight != nullptr) {
    // The QK-norm's backward pass needs the keys before it.
    LinearForward<Real>(ops, {q, k}, act.normed, rows, scratch);
    RotateKeys(context, layer, act);
  } else {
    LinearForward<Real>(ops, {q}, act.normed, rows, scratch);
  }
  RotateQueries(context, layer, act);
  ops.Attention(context.shape, context.rows.sequences(), act.q, act.attention, act.stats);
  LinearForward(ops, layer.o, act.attention, rows, scratch, act.middle);
  ops.Add(x, rows * hidden, act.middle);
}

template <typename Real>
void MlpInnerForward(const LayerContext<Real>& context, const DecoderLayer<Real>& layer,
                     const LayerActivations<Real>& act) {
  const size_t rows = context.rows.num_rows();
  context.ops.RmsNorm(act.middle, layer.mlp_norm.weight, rows, layer.gate.k, context.rms_norm_eps,
                      act.mlp_normed, act.mlp_inv_rms);
  LinearForward<Real>(context.ops, {{&layer.gate, act.gate}, {&layer.up, act.up}}, act.mlp_normed,
                      rows, &context.scratch.linear);
  context.ops.SiluMul(act.gate, act.up, rows * layer.gate.n, act.product);
}

template <typename Real>
void LayerForward(const LayerContext<Real>& context, const DecoderLayer<Real>& layer, const Real* x,
                  const LayerActivations<Real>& act, Real* y) {
  const size_t rows = context.rows.num_rows();
  AttentionForward(context, layer, x, act, Keys::kToWrite);
  MlpInnerForward(context, layer, act);
  LinearForward(context.ops, layer.down, act.product, rows, &context.scratch.linear, y);
  context.ops.Add(act.middle, rows * layer.down.n, y);
}

template <typename Real>
void LayerBackward(const LayerContext<Real>& context, const DecoderLayer<Real>& layer,
                   const Real* x, const LayerActivations<Real>& act,
                   std::span<const device::RowBlock> blocks,
                   const typename KeyGradients<Real>::Rows& dkeys, Real* dy) {
  MlpBackward(context, layer, act, blocks, dy);
  AttentionBackward(context, layer, x, act, blocks, dkeys, dy);
}

#define WINNOW_INSTANTIATE_LAYER(Real)                                                             \
  template struct LayerScratch<Real>;                                                              \
  template struct KeyGradients<Real>;                                                              \
  template void WriteKeys<Real>(const LayerContext<Real>&, const DecoderLayer<Real>&, const Real*, \
                                const LayerActivations<Real>&);                                    \
  template void AttentionForward<Real>(const LayerContext<Real>&, const DecoderLayer<Real>&,       \
                                       const Real*, const LayerActivations<Real>&, Keys);          \
  template void MlpInnerForward<Real>(const LayerContext<Real>&, const DecoderLayer<Real>&,        \
                                      const LayerActivations<Real>&);                              \
  template void LayerForward<Real>(const LayerContext<Real>&, const DecoderLayer<Real>&,           \
                                   const Real*, const LayerActivations<Real>&, Real*);             \
  template void LayerBackward<Real>(const LayerContext<Real>&, const DecoderLayer<Real>&,          \
                                    const Real*, const LayerActivations<Real>&,                    \
                                    std::span<const device::RowBlock>,                             \
                                    const typename KeyGradients<Real>::Rows&, Real*);
WINNOW_INSTANTIATE_LAYER(float)
WINNOW_INSTANTIATE_LAYER(double)
#undef WINNOW_INSTANTIATE_LAYER

}  // namespace winnow::model
