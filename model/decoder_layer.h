#pragma once

#include <cstddef>
#include <span>

#include "base/thread_pool.h"
#include "device/ops.h"
#include "model/buffer.h"
#include "model/kv_pages.h"
#include "model/linear.h"

namespace winnow::model {

// Weights of an RMS norm; null if the family has none there. A null gradient marks it frozen.
template <typename Real>
struct Norm {
  const Real* weight = nullptr;
  Real* gradient = nullptr;
  size_t width = 0;
};

// One decoder layer of Llama, Qwen2 or Qwen3 (they differ in biases and in the QK-norm):
//   m = x + o(attention(rope(norm(q(n))), rope(norm(k(n))), v(n))),  n = rms_norm(x)
//   y = m + down(silu(gate(n')) · up(n')),                           n' = rms_norm(m)
template <typename Real>
struct DecoderLayer {
  Linear<Real> q, k, v, o, gate, up, down;
  Norm<Real> attention_norm, mlp_norm, q_norm, k_norm;
};

// What a layer's forward pass leaves for its backward pass; R rows.
template <typename Real>
struct LayerActivations {
  Real* normed = nullptr;       // [R, hidden]
  Real* inv_rms = nullptr;      // [R]
  Real* q_raw = nullptr;        // [R, heads · head_dim] before the QK-norm, if there is one
  Real* k_raw = nullptr;        // [R, kv_heads · head_dim]
  Real* q_inv_rms = nullptr;    // [R, heads]
  Real* k_inv_rms = nullptr;    // [R, kv_heads]
  Real* q = nullptr;            // [R, heads · head_dim], rotated
  Real* k = nullptr;            // [R, kv_heads · head_dim], rotated; free after the KV write
  Real* v = nullptr;            // [R, kv_heads · head_dim]; free after the KV write
  Real* attention = nullptr;    // [R, heads · head_dim]
  Real* stats = nullptr;        // [R, heads, 2]
  Real* middle = nullptr;       // [R, hidden], the residual stream between the two halves
  Real* mlp_normed = nullptr;   // [R, hidden]
  Real* mlp_inv_rms = nullptr;  // [R]
  Real* gate = nullptr;         // [R, intermediate]
  Real* up = nullptr;           // [R, intermediate]
  Real* product = nullptr;      // [R, intermediate]
};

// Memory of the backward pass, shared by all layers; LinearScratch serves the forward pass too.
template <typename Real>
struct LayerScratch {
  LinearScratch<Real> linear;
  Buffer<Real> dproduct, dgate, dup;            // [R, intermediate]
  Buffer<Real> dnormed, dmiddle;                // [R, hidden]
  Buffer<Real> dattention, dq, dq_raw, dk_raw;  // [R, heads · head_dim]
  Buffer<Real> frozen_norm;                     // gradient of a norm that is not trained
  size_t size_bytes() const;
};

// dk and dv of one layer [rows of the whole pass, kv_heads · head_dim]: sums over the rows that see
// each key.
template <typename Real>
struct KeyGradients {
  struct Rows {
    Real* all_dk;  // of row 0 of the pass
    Real* all_dv;
    Real* dk;  // of the first row at work
    Real* dv;
  };

  Buffer<Real> dk, dv;

  // Zeroes `count` values of each, on the pool.
  void Clear(size_t count, ThreadPool* pool);
  Rows Of(size_t row, size_t width) {
    return {dk.data(), dv.data(), dk.data() + row * width, dv.data() + row * width};
  }
  size_t size_bytes() const { return dk.size_bytes() + dv.size_bytes(); }
};

// What all layers of a pass have in common. `rows` points at the layer's pages.
template <typename Real>
struct LayerContext {
  device::Ops<Real>& ops;
  device::AttentionShape shape;
  double rms_norm_eps;
  const Real* cos_sin;
  PagedRows<Real>& rows;
  LayerScratch<Real>& scratch;
};

// Whether the keys and values of a pass's rows lie in their pages already.
enum class Keys { kToWrite, kWritten };

// Keys and values of x [R, hidden] to their pages, nothing else.
template <typename Real>
void WriteKeys(const LayerContext<Real>& context, const DecoderLayer<Real>& layer, const Real* x,
               const LayerActivations<Real>& act);
// First half: x [R, hidden] to act.middle. Writes keys and values if need be.
template <typename Real>
void AttentionForward(const LayerContext<Real>& context, const DecoderLayer<Real>& layer,
                      const Real* x, const LayerActivations<Real>& act, Keys keys);
// act.middle to act.product.
template <typename Real>
void MlpInnerForward(const LayerContext<Real>& context, const DecoderLayer<Real>& layer,
                     const LayerActivations<Real>& act);
// The whole layer; `y` may be `x`. The one forward code of rollout and learner.
template <typename Real>
void LayerForward(const LayerContext<Real>& context, const DecoderLayer<Real>& layer, const Real* x,
                  const LayerActivations<Real>& act, Real* y);

// Turns dy, in place, into dx [R, hidden] and adds the weights' gradients. All of `act` is filled.
// Adds to `dkeys` at every key that the rows see; those of the rows themselves must be complete
// then, so rows that see them come first. Key and value rounding passes gradients straight through.
template <typename Real>
void LayerBackward(const LayerContext<Real>& context, const DecoderLayer<Real>& layer,
                   const Real* x, const LayerActivations<Real>& act,
                   std::span<const device::RowBlock> blocks,
                   const typename KeyGradients<Real>::Rows& dkeys, Real* dy);

}  // namespace winnow::model
