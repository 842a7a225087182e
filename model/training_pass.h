#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "device/ops.h"
#include "model/activations.h"
#include "model/config.h"
#include "model/decoder_layer.h"
#include "model/embedding_gradient.h"
#include "model/head.h"
#include "model/kv_pages.h"
#include "model/network.h"
#include "model/rope_table.h"

namespace winnow::model {

// Whole sequences through the same layers as InferencePass, up to the head, and back.
// Of each sequence only the rows before its last wanted token are run. Keys and values go through
// pages of KV elements as in rollout, so they are rounded alike.
// Weight gradients are summed in the canonical order (learner.md §7): sequences in the order given,
// blocks of 64 rows from each sequence's start (the head and the final norm: of its wanted rows).
// Memory grows to the largest pass and is reused.
template <typename Real>
class TrainingPass {
 public:
  // Pointers are borrowed and must outlive the pass.
  TrainingPass(const ModelConfig& config, const Network<Real>* network, device::Ops<Real>* ops,
               RopeTable<Real>* rope);

  // `backward` false keeps nothing.
  void Forward(std::span<const TrainSequence> sequences, Recompute recompute, bool backward);
  const HeadRows& head_rows() const { return head_rows_; }
  // [head_rows().size(), hidden], after the final norm.
  const Real* hidden() const { return normed_.data(); }
  // From d(hidden) of the last Forward; may be called once for it. Embedding gradients go to
  // `embedding` unless it is null.
  void Backward(const Real* dhidden, EmbeddingGradient<Real>* embedding);
  size_t size_bytes() const;

 private:
  void PlanRows(std::span<const TrainSequence> sequences);
  LayerContext<Real> Context();
  void PointAtLayer(size_t layer);
  Real* LayerInput(size_t layer);
  void GatherAndNormalise(const Real* x);
  // Refills what was not kept of a layer's activations.
  LayerActivations<Real> RestoreLayer(size_t layer);
  Real* FinalNormBackward(const Real* dhidden);

  const ModelConfig& config_;
  const Network<Real>* const network_;
  device::Ops<Real>* const ops_;
  RopeTable<Real>* const rope_;

  std::vector<int32_t> tokens_;           // [R] of the rows that are run
  std::vector<device::RowBlock> blocks_;  // of the rows, per sequence
  std::vector<size_t> wanted_rows_;       // [N] rows that enter the head
  HeadRows head_rows_;
  std::vector<PassSequence> pass_sequences_;
  std::vector<int32_t> page_ids_;

  Recompute recompute_ = Recompute::kNone;
  bool can_go_back_ = false;
  KvPages<Real> layered_kv_;  // keys and values of all layers
  KvPages<Real> single_kv_;   // of the layer at work, if none are kept
  PagedRows<Real> rows_;
  Activations<Real> activations_;
  LayerScratch<Real> scratch_;
  Buffer<Real> layer_inputs_;                 // [layers + 1, R, hidden]; one layer if not kept
  Buffer<Real> gathered_, normed_, inv_rms_;  // [N, hidden], [N]
  Buffer<Real> dgathered_, dx_, frozen_norm_;
};

}  // namespace winnow::model
