#pragma once

#include <cstddef>
#include <span>

#include "device/ops.h"
#include "model/activations.h"
#include "model/config.h"
#include "model/decoder_layer.h"
#include "model/embedding_gradient.h"
#include "model/head.h"
#include "model/kv_pages.h"
#include "model/network.h"
#include "model/rope_table.h"
#include "model/row_plan.h"

namespace winnow::model {

// Whole sequences through the same layers as InferencePass, up to the head, and back. Keys and
// values go through pages of KV elements as in rollout, so they are rounded alike.
// Weight gradients are summed in the canonical order (learner.md §7): sequences in the order given,
// blocks of 64 rows from each sequence's start (the head and the final norm: of its wanted rows).
//
// A pass is one chunk of rows, or several (RowPlan::Chunk): without gradient, to bound memory; with
// TrainOptions::stream_backward_chunk, where each layer's backward pass goes through its chunks
// from the last to the first. The keys of a layer are then complete before its first chunk, and the
// gradients of a chunk's keys after it, since only later rows see them.
// Memory grows to the largest pass and is reused.
template <typename Real>
class TrainingPass {
 public:
  // Pointers are borrowed and must outlive the pass.
  TrainingPass(const ModelConfig& config, const Network<Real>* network, device::Ops<Real>* ops,
               RopeTable<Real>* rope);

  // For Backward: keeps what `options` say.
  void Forward(std::span<const TrainSequence> sequences, const TrainOptions& options);
  // Keeps nothing.
  void ForwardOnly(std::span<const TrainSequence> sequences);
  const HeadRows& head_rows() const { return plan_.head_rows(); }
  // [head_rows().size(), hidden], after the final norm.
  const Real* hidden() const { return normed_.data(); }
  // From d(hidden) of the last Forward; may be called once for it. Embedding gradients go to
  // `embedding` unless it is null.
  void Backward(const Real* dhidden, EmbeddingGradient<Real>* embedding);
  size_t size_bytes() const;

 private:
  using Chunk = typename RowPlan<Real>::Chunk;

  // What the pass at hand keeps.
  struct Mode {
    bool backward = false;
    bool streamed = false;
    Recompute recompute = Recompute::kFull;
    // Keys and values of all layers, rather than of the one at work.
    bool keeps_keys() const { return backward && !streamed && recompute != Recompute::kFull; }
  };

  void Run(std::span<const TrainSequence> sequences, const Mode& mode, size_t max_chunk_rows);
  LayerContext<Real> Context(Chunk* chunk);
  void PointAtLayer(size_t layer, Chunk* chunk);
  // Of all rows.
  Real* LayerInput(size_t layer);
  Real* LayerInput(size_t layer, const Chunk& chunk);
  void GatherAndNormalise(const Real* x);
  void LayerBackwardByChunks(size_t layer, Real* dx);
  // Refills what was not kept of a layer's activations of one chunk. `keys`: those of its rows.
  LayerActivations<Real> RestoreLayer(size_t layer, Chunk* chunk, Keys keys);
  void FinalNormBackward(const Real* dhidden, Real* dx);

  const ModelConfig& config_;
  const Network<Real>* const network_;
  device::Ops<Real>* const ops_;
  RopeTable<Real>* const rope_;

  RowPlan<Real> plan_;
  Mode mode_;
  KvPages<Real> layered_kv_;  // keys and values of all layers
  KvPages<Real> single_kv_;   // of the layer at work, if none are kept
  Activations<Real> activations_;
  LayerScratch<Real> scratch_;
  // [layers + 1, R, hidden], the last one d(output) in the backward pass; one layer if not kept.
  Buffer<Real> layer_inputs_;
  Buffer<Real> gathered_, normed_, inv_rms_;  // [N, hidden], [N]
  Buffer<Real> dgathered_, frozen_norm_;
  KeyGradients<Real> dkeys_;  // of the layer at work, all rows
};

}  // namespace winnow::model
