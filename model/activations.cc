#include "model/activations.h"

#include "base/check.h"

namespace winnow::model {
namespace {

// Elements of a field, rounded up so that each field starts at a cache line.
size_t Padded(size_t count) { return (count + 15) / 16 * 16; }

// Those of one layer.
template <typename Real>
std::vector<ActivationField<Real>> FieldsOf(const ModelConfig& config) {
  using Act = LayerActivations<Real>;
  const size_t hidden = config.hidden_size, inner = config.intermediate_size;
  const size_t q = config.num_heads * config.head_dim, kv = config.num_kv_heads * config.head_dim;
  constexpr Keep kNever = Keep::kNothing, kSelective = Keep::kExpensive, kAll = Keep::kAll;
  std::vector<ActivationField<Real>> fields = {{&Act::normed, hidden, kAll},
                                               {&Act::inv_rms, 1, kSelective},
                                               {&Act::q, q, kSelective},
                                               {&Act::k, kv, kNever},
                                               {&Act::v, kv, kNever},
                                               {&Act::attention, q, kSelective},
                                               {&Act::stats, 2 * config.num_heads, kSelective},
                                               {&Act::middle, hidden, kSelective},
                                               {&Act::mlp_normed, hidden, kAll},
                                               {&Act::mlp_inv_rms, 1, kSelective},
                                               {&Act::gate, inner, kSelective},
                                               {&Act::up, inner, kSelective},
                                               {&Act::product, inner, kAll}};
  if (config.qk_norm) {
    fields.insert(fields.end(), {{&Act::q_raw, q, kSelective},
                                 {&Act::k_raw, kv, kSelective},
                                 {&Act::q_inv_rms, config.num_heads, kSelective},
                                 {&Act::k_inv_rms, config.num_kv_heads, kSelective}});
  }
  return fields;
}

}  // namespace

Keep KeepFor(Recompute recompute) {
  switch (recompute) {
    case Recompute::kNone:
      return Keep::kAll;
    case Recompute::kSelective:
      return Keep::kExpensive;
    case Recompute::kFull:
      return Keep::kNothing;
  }
  WINNOW_CHECK(false);
}

ActivationWidths WidthsOf(const ModelConfig& config, Keep keep) {
  ActivationWidths widths;
  for (const ActivationField<float>& field : FieldsOf<float>(config)) {
    (field.IsKept(keep) ? widths.kept : widths.shared) += field.width;
  }
  return widths;
}

template <typename Real>
Activations<Real>::Activations(const ModelConfig& config)
    : fields_(FieldsOf<Real>(config)), kept_(config.num_layers) {}

template <typename Real>
void Activations<Real>::Prepare(size_t rows, Keep keep) {
  rows_ = rows;
  keep_ = keep;
  size_t kept = 0, shared = 0;
  for (const ActivationField<Real>& field : fields_) {
    (field.IsKept(keep_) ? kept : shared) += Padded(rows * field.width);
  }
  shared_.Reserve(shared);
  for (Buffer<Real>& buffer : kept_) buffer.Reserve(kept);
}

template <typename Real>
LayerActivations<Real> Activations<Real>::OfLayer(size_t layer) {
  LayerActivations<Real> act;
  Real* shared = shared_.data();
  Real* kept = kept_[layer].data();
  for (const ActivationField<Real>& field : fields_) {
    Real*& next = field.IsKept(keep_) ? kept : shared;
    act.*field.member = next;
    next += Padded(rows_ * field.width);
  }
  return act;
}

template <typename Real>
size_t Activations<Real>::size_bytes() const {
  size_t bytes = shared_.size_bytes();
  for (const Buffer<Real>& buffer : kept_) bytes += buffer.size_bytes();
  return bytes;
}

template class Activations<float>;
template class Activations<double>;

}  // namespace winnow::model
