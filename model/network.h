#pragma once

#include <vector>

#include "model/base_weights.h"
#include "model/decoder_layer.h"
#include "model/linear.h"
#include "model/lora.h"

namespace winnow::model {

// Where the gradients of a pass go: a flat accumulator in the order of the trained layout. Null for
// a policy that is not trained.
template <typename Real>
struct GradientTarget {
  const ParameterLayout* layout = nullptr;
  Real* values = nullptr;
};

// The decoder as the passes see it: pointers into weights, packs and gradient accumulators.
template <typename Real>
struct Network {
  const Real* embedding = nullptr;     // [vocabulary, hidden]
  Real* embedding_gradient = nullptr;  // null: frozen
  std::vector<DecoderLayer<Real>> layers;
  Norm<Real> final_norm;
  Linear<Real> head;  // its gradient is the embedding's, if they are tied
};

// `adapters` may be null. REQUIRES: weights and adapters are packed and outlive the network.
template <typename Real>
Network<Real> BuildNetwork(const BaseWeights<Real>& base, const Adapters<Real>* adapters,
                           const GradientTarget<Real>& target);

}  // namespace winnow::model
