#pragma once

#include <cstdint>
#include <span>

#include "device/ops.h"
#include "model/activations.h"
#include "model/config.h"
#include "model/decoder_layer.h"
#include "model/kv_pages.h"
#include "model/network.h"
#include "model/policy.h"
#include "model/rope_table.h"

namespace winnow::model {

// Runs rows of several paged sequences through the network: prefill, chunks of it, and decode
// steps, mixed as the caller likes. Memory grows to the largest pass and is reused.
template <typename Real>
class InferencePass {
 public:
  // Pointers are borrowed and must outlive the pass.
  InferencePass(const ModelConfig& config, const Network<Real>* network, device::Ops<Real>* ops,
                RopeTable<Real>* rope);

  // See Policy::Forward.
  void Run(std::span<const int32_t> tokens, std::span<const PassSequence> sequences,
           KvPages<Real>* kv, const LogitRows<Real>& wanted);

 private:
  void RunHead(const Real* x, const LogitRows<Real>& wanted);

  const ModelConfig& config_;
  const Network<Real>* const network_;
  device::Ops<Real>* const ops_;
  RopeTable<Real>* const rope_;
  Activations<Real> activations_;
  LayerScratch<Real> scratch_;
  PagedRows<Real> rows_;
  Buffer<Real> x_;                  // [R, hidden], the residual stream
  Buffer<Real> gathered_, normed_;  // [logit rows, hidden]
  Buffer<Real> max_;                // [logit rows], where the caller wants none
};

}  // namespace winnow::model
