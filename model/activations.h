#pragma once

#include <cstddef>
#include <vector>

#include "model/buffer.h"
#include "model/config.h"
#include "model/decoder_layer.h"
#include "model/policy.h"

namespace winnow::model {

// Which activations outlive their layer's forward pass.
enum class Keep {
  kNothing,    // inference, and recompute: full
  kExpensive,  // recompute: selective: not the normalised inputs and silu(gate)·up, which are
               // remade elementwise
  kAll,        // recompute: none
};

Keep KeepFor(Recompute recompute);

// Values per row: of what each layer keeps, and of what all layers share.
struct ActivationWidths {
  size_t kept = 0;
  size_t shared = 0;
};
ActivationWidths WidthsOf(const ModelConfig& config, Keep keep);

// One member of LayerActivations.
template <typename Real>
struct ActivationField {
  Real* LayerActivations<Real>::*member;
  size_t width;    // values per row
  Keep kept_from;  // the least Keep at which it is kept; kNothing marks one that never is
  bool IsKept(Keep keep) const { return kept_from != Keep::kNothing && kept_from <= keep; }
};

// Memory for the activations of a pass over all layers, kept between passes.
template <typename Real>
class Activations {
 public:
  explicit Activations(const ModelConfig& config);
  // Sizes the memory for a pass of `rows` rows.
  void Prepare(size_t rows, Keep keep);
  // Where layer `layer` puts its activations; what is not kept lies where other layers put theirs.
  LayerActivations<Real> OfLayer(size_t layer);
  size_t size_bytes() const;

 private:
  std::vector<ActivationField<Real>> fields_;
  size_t rows_ = 0;
  Keep keep_ = Keep::kNothing;
  Buffer<Real> shared_;
  std::vector<Buffer<Real>> kept_;  // by layer
};

}  // namespace winnow::model
